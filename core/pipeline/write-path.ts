import type { LoggedTxn } from '../../wire/txn.ts';
import type { Applied } from '../tree/applied.ts';
import type { Connection } from './connection.ts';
import type { Request } from './request.ts';

export type ClientRequest = Request<Connection>;

/**
 * Where the writes of a server's clients go: on the leader into the proposals, on a learner to the leader. Each write that is
 * taken comes back through `Committed`, in the order of zxids, unless the server's role ends first.
 */
export interface WritePath {
  /** Last transaction proposed as far as this server knows: a sync that comes now waits for it. */
  readonly lastProposed: number;
  readonly lastCommitted: number;
  /** Whether a sync takes its place among the writes, because only another server knows what is under way. */
  readonly forwardsSyncs: boolean;
  /**
   * Sends a write on its way; nothing comes of it within the call. Throws `WireFault` for a record that cannot be read, where
   * that can be told here: such a request takes no place in the order.
   */
  submit(request: ClientRequest): void;
}

/** Told of what comes of the writes, in order. */
export interface Committed {
  /**
   * A transaction was applied. `request` is what asked for it, with no origin where another server did; null where that has to be
   * found among the requests that wait.
   */
  committed(logged: LoggedTxn, request: ClientRequest | null, applied: Applied): void;
  /** The oldest request of the connection that waits, a sync, may be answered: what it waits for has been applied. */
  synced(connection: Connection): void;
}
