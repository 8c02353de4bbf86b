import type { Acl, Codec } from '../../client/index.ts';

export interface QueueOptions<T> {
  /** How items become bytes. Default JSON. */
  readonly codec?: Codec<T> | undefined;
  /**
   * Where consumers mark the items that they have in hand, Curator's `lockPath`; everybody who consumes from the queue must name the
   * same. With it an item is handled at least once: it comes again if its consumer vanishes. `null`, Curator's default: an item is
   * deleted before it is handled, and so handled at most once. Default `<path>-locks`.
   */
  readonly lockPath?: string | null | undefined;
  /** How many items there may be before `put` waits. Not exact where several put at once. Default: no limit. */
  readonly maxItems?: number | undefined;
  /** How often an item is handed to a handler before it is set aside below `<path>-poison`. Default 5. */
  readonly attemptsMax?: number | undefined;
  /** ACL of everything that is created. Default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
}

/** What a handler is told about the item that it is given. */
export interface Handling {
  /**
   * Aborts when somebody else may be given the item, because the connection or the session is lost, and when the consumer is to
   * end and its `graceMs` have passed. A handler that then rejects does not count as failed.
   */
  readonly signal: AbortSignal;
  /** Path of the item's node; the same for items that were put together. */
  readonly path: string;
  /** 1 when the item is handled for the first time, as far as failed handlers tell. */
  readonly attempt: number;
  /** Grows with everyone who has the item in hand; 0 without a lock path. The zxid that created the item's lock. */
  readonly fencingToken: number;
}

export type Handler<T> = (item: T, handling: Handling) => unknown;

/** An item that a handler has failed on, or that cannot be read. */
export interface ItemFailure<T> {
  /** Undefined if the bytes are no item. */
  readonly item: T | undefined;
  readonly path: string;
  readonly error: unknown;
  readonly attempt: number;
  /** Whether it was set aside; otherwise it is in the queue again. */
  readonly poison: boolean;
}

export interface ConsumeOptions<T> {
  /** How many items are handled at once. Default 1. */
  readonly concurrency?: number | undefined;
  /** Ends the consumer: no more items are taken, and `consume` resolves when those in hand are done. */
  readonly signal?: AbortSignal | undefined;
  /** How long items in hand may take after that before their own signals abort. Default 5,000. */
  readonly graceMs?: number | undefined;
  /** Called when an item was not handled. */
  readonly onFailure?: ((failure: ItemFailure<T>) => void) | undefined;
}
