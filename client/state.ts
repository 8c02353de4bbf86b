import type { SessionId } from '../wire/ids.ts';

/**
 * How a client stands to the ensemble:
 * - `connected`: a session exists; reported for the first connection only.
 * - `suspended`: the connection is gone; the session may live on. What depends on it (locks) is in doubt.
 * - `reconnected`: connected again, in the same session or, with `newSession`, in a new one after `lost`.
 * - `readonly`: connected to a server without quorum, which serves reads only.
 * - `lost`: the session has ended; its ephemeral nodes and one-shot watches are gone.
 */
export type ClientState = 'connected' | 'suspended' | 'reconnected' | 'readonly' | 'lost';

export interface StateInfo {
  /** The session that the state is about. 0 if there is none. */
  readonly sessionId: SessionId;
  /** Whether the session differs from the one before. */
  readonly newSession: boolean;
  /** Why the connection or the session was lost. */
  readonly reason: Error | null;
}
