import type { Endpoint } from './ports.ts';
import type { BackoffPolicy } from './retry.ts';
import type { ClientState, StateInfo } from './state.ts';

export interface SessionSettings {
  /** What is asked of the server, which answers with what it grants. */
  readonly sessionTimeoutMs: number;
  /** How long one server may take to accept the connection and answer the handshake. */
  readonly attemptTimeoutMs: number;
  /** How long `close` may take. */
  readonly closeTimeoutMs: number;
  /** Whether a server without quorum will do. */
  readonly readOnly: boolean;
  /** Whether a new session follows a lost one. */
  readonly renew: boolean;
  readonly backoff: BackoffPolicy;
  /** How often a read is sent at most. */
  readonly readSendsMax: number;
  /** Longest frame in either direction. */
  readonly frameBytesMax: number;
  /** Operations waiting at most. */
  readonly pendingMax: number;
}

/** What a session does to the world. All of it may be called from within any input, and may call inputs. */
export interface SessionOut {
  /** Open a link; one at a time. */
  connect(endpoint: Endpoint): void;
  /** Ask a server, over a link of its own, whether it has a quorum; `probed` takes the answer. */
  probe(endpoint: Endpoint): void;
  /** Destroy the link, if there is one; nothing more may come from it. */
  disconnect(): void;
  /** Bytes are in `session.writer`: send them at the end of this turn. */
  flush(): void;
  state(state: ClientState, info: StateInfo): void;
  /** The session may be about to expire although there is a connection. */
  doubt(): void;
  /** The session will do nothing more; null if `close` asked for it. */
  ended(error: Error | null): void;
}
