import type { Endpoint } from '../ports.ts';

/** For how long and how often a silent owner's connection is kept alive. */
export interface KeepAlive {
  /** A ping is sent when the owner has sent nothing for longer than it ever does while it runs. */
  readonly pingAfterMs: number;
  /** An owner that has sent nothing for this long is given up: no more pings. */
  readonly silenceMsMax: number;
}

/** What a client asks of its worker. `link` numbers connections. */
export type ToWorker =
  | { readonly type: 'open'; readonly link: number; readonly endpoint: Endpoint }
  | { readonly type: 'write'; readonly link: number; readonly bytes: Uint8Array }
  | ({ readonly type: 'keepAlive'; readonly link: number } & KeepAlive)
  | { readonly type: 'destroy'; readonly link: number };

/** What a worker tells its client. */
export type FromWorker =
  | { readonly type: 'open'; readonly link: number }
  | { readonly type: 'data'; readonly link: number; readonly bytes: Uint8Array }
  /** A ping of the worker's was answered, and the time at which it had been sent, by `process.hrtime`. */
  | { readonly type: 'alive'; readonly link: number; readonly sentNs: bigint }
  | { readonly type: 'closed'; readonly link: number; readonly error: Error | null };
