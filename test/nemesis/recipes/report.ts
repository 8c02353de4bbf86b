/** What workers hold for a while and give back. */
export const resources = ['mutex', 'semaphore', 'latch', 'selector'] as const;
export type Resource = (typeof resources)[number];

/** What a worker's lease said of itself, asked after `atMs`: what is true then was true at `atMs` too. */
export interface Claim {
  readonly type: 'claim';
  readonly resource: Resource;
  /** One lease of one worker. */
  readonly holding: string;
  readonly token: number;
  /** By the machine's monotonic clock, the same in all processes. */
  readonly atMs: number;
  readonly held: boolean;
  readonly aborted: boolean;
  readonly safeMs: number;
}

/** A handler was given an item. */
export interface Handling {
  readonly type: 'handling';
  readonly handling: string;
  readonly item: string;
  readonly path: string;
  readonly token: number;
  /** The session that has the item in hand. */
  readonly session: string;
  readonly atMs: number;
}

/** What a worker tells, in the order in which it happens. Each report is answered. */
export type Report =
  | { readonly type: 'hello'; readonly worker: number }
  | Claim
  /** From `atMs` on the worker does not count on the lease any more: it is about to release it. */
  | { readonly type: 'let-go'; readonly holding: string; readonly atMs: number }
  /** About to be put; was put; was not, for sure. */
  | { readonly type: 'putting' | 'put' | 'not-put'; readonly item: string }
  | Handling
  /** Of a handling: its signal had not aborted at `atMs`. */
  | { readonly type: 'sure'; readonly handling: string; readonly atMs: number }
  /** The handler has done its work; or it gives the item back, by rejecting, as its signal has aborted. */
  | { readonly type: 'handled' | 'handed-back'; readonly handling: string }
  | { readonly type: 'session-over'; readonly session: string };

/** `stale`: refused, as somebody with a newer token was here before. */
export type Answer = 'ok' | 'stale';

/** The machine's monotonic clock in milliseconds: intervals of different processes can be compared. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
