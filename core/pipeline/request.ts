import type { Id } from '../../wire/data.ts';
import type { ErrorCode } from '../../wire/errors.ts';
import type { Session } from '../session/tracker.ts';

/** A request that waits for earlier writes of its connection, or is itself a write that waits for its commit. */
export interface Waiting {
  readonly xid: number;
  readonly type: number;
  /** The request record, as `bytes[start, end)`. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** When it arrived, on the monotonic clock. */
  readonly receivedMs: number;
  /** Last transaction proposed when it came: a sync is answered once that one is committed. */
  readonly afterZxid: number;
  /** About how long the answer will be, where that matters; else 0. */
  readonly answerBytes: number;
  /** A write that was proposed: it is answered by its commit. Anything else runs when it comes to the head. */
  readonly proposed: boolean;
}

/**
 * A write on its way through the pipeline. `origin` is the connection that waits for the answer: null for what the server
 * asks of itself (expiry, removal of containers) and for what another server forwarded.
 */
export interface Request<Origin> extends Waiting {
  readonly origin: Origin | null;
  readonly sessionId: bigint;
  /** The session's tracker entry; null where the server asks for itself. */
  readonly session: Session | null;
  /** What it is refused with before anybody looks at it; `Ok` for nothing. It becomes a transaction all the same. */
  readonly refused: ErrorCode;
  /** Identities that the client has proven; permissions are judged by them. */
  readonly ids: readonly Id[];
}
