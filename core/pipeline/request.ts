import type { Id } from '../../wire/data.ts';
import type { Session } from '../session/tracker.ts';

/**
 * A request on its way through the write path. `origin` is the connection that waits for the answer: null for what the server
 * asks of itself (expiry, removal of containers) and for what another server forwarded.
 */
export interface Request<Origin> {
  readonly origin: Origin | null;
  readonly sessionId: bigint;
  /** The session's tracker entry; null where the server asks for itself. */
  readonly session: Session | null;
  readonly xid: number;
  readonly type: number;
  /** The request record, as `bytes[start, end)`. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** Identities that the client has proven; permissions are judged by them. */
  readonly ids: readonly Id[];
  /** When it arrived, on the monotonic clock. */
  readonly receivedMs: number;
}
