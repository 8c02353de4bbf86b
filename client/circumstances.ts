import { formatSessionId, type SessionId } from '../wire/ids.ts';

/** How a client stood to the ensemble when an operation ended without an answer. */
export interface Circumstances {
  /** The server of the connection, or the one tried last, `host:port`; null if none was tried. */
  readonly server: string | null;
  /** How far it had come with that server: not at all, to the TCP connection, or to a session. */
  readonly phase: 'connecting' | 'handshake' | 'connected';
  /** 0 if there was no session. */
  readonly sessionId: SessionId;
  /** How long ago the session was made; null if there was none. */
  readonly sessionAgeMs: number | null;
  /** When the client tries the next server; null if it will not try again. */
  readonly retryInMs: number | null;
}

/** The same in words, for messages. */
export function inWords({ server, phase, sessionId, sessionAgeMs, retryInMs }: Circumstances): string {
  const where =
    server === null ? 'no server tried' : `${phase} ${phase === 'handshake' ? 'with' : 'to'} ${server}`;
  const session =
    sessionAgeMs === null
      ? 'no session'
      : `session ${formatSessionId(sessionId)} of ${(sessionAgeMs / 1000).toFixed(1)} s`;
  const plan = retryInMs === null ? 'no further attempt' : `next attempt in ${Math.ceil(retryInMs)} ms`;
  return `${where}, ${session}, ${plan}`;
}
