import { formatZxid, type Zxid } from '../wire/ids.ts';
import type { Identity } from './identity.ts';

/** Rounds over all servers in which each refused, before one is asked what it thinks of the session. */
const ROUNDS_BEFORE_ASKING = 2;

/** What a connection's handshake is for. */
export type Handshake =
  /** To go on with the session, or to begin one. */
  | 'session'
  /** Only to hear whether the session lives: it names no zxid, and a server that is behind may answer it too. */
  | 'question';

/**
 * Notices that the servers refuse what the client has seen, which happens when their data was replaced by older data or none.
 * A server that is behind the client's zxid hangs up without a word on the handshake, and so does one that has no quorum; one that
 * merely lags will catch up. So when every server has hung up, in several rounds without anything else in between, a handshake
 * that names no zxid asks: whether a session has expired is decided by the ensemble, not by how far one server is. A server without
 * quorum hangs up on that as well, and one that lags says that the session lives; both go on being tried.
 */
export class Refusals {
  #inARow = 0;
  #asking = false;

  /** What the next handshake is to be, with so many servers in the list. */
  next(servers: number, identity: Identity): Handshake {
    this.#asking = identity.askable && this.#inARow >= ROUNDS_BEFORE_ASKING * servers;
    if (this.#asking) this.#inARow = 0;
    return this.#asking ? 'question' : 'session';
  }

  /** Whether the handshake under way is a question. */
  get asking(): boolean {
    return this.#asking;
  }

  /** Why a session has ended of which a server says so. */
  expiredReason({ lastZxid }: Identity, server: string | null): Error {
    if (!this.#asking) return new Error('the server said that the session had expired');
    return new Error(
      `every server refuses a client that has seen zxid ${formatZxid(lastZxid)}, and ${server}, asked without it, ` +
        'does not know the session: their data was replaced by older data or none',
    );
  }

  /** A server took the connection and closed it instead of answering the handshake. */
  hungUp(): void {
    this.#inARow++;
  }

  /** Anything else happened: a server could not be reached, was silent, or answered. */
  otherwise(): void {
    this.#inARow = 0;
  }
}

/** Why a connection is of no use although its server knows the session. */
export function behindReason(lastZxid: Zxid): Error {
  return new Error(`the server knows the session but is behind zxid ${formatZxid(lastZxid)}`);
}
