import type { ByteWriter } from '../wire/bytes.ts';
import { ErrorCode } from '../wire/errors.ts';
import { WireFault } from '../wire/fault.ts';
import { ReservedXid } from '../wire/ids.ts';
import { OpCode } from '../wire/opcodes.ts';
import { AuthPacket } from '../wire/requests.ts';
import { ClosedError, serverError, type ZooKeeperError } from './errors.ts';
import { writeFrame } from './frames.ts';

/** What proves an identity: for scheme `digest` the text `user:password`. */
export interface AuthInfo {
  readonly scheme: string;
  readonly auth: string | Uint8Array;
}

interface Entry {
  readonly scheme: string;
  readonly auth: Uint8Array;
  /** Whoever waits for the server's first answer to it. */
  done: ((error: Error | null) => void) | null;
}

/**
 * The credentials of a client. A server knows them per connection, so each new connection presents all of them again, before
 * anything else. Answers come in order, apart from those to requests.
 */
export class Credentials {
  #entries: Entry[] = [];
  #unanswered: Entry[] = [];
  /** Entries that the present connection has not been told of. */
  #fresh: Entry[] = [];

  /** Keeps credentials; `done` is called once, with null when the server has taken them. */
  add(info: AuthInfo, done: (error: Error | null) => void): void {
    const auth = typeof info.auth === 'string' ? Buffer.from(info.auth) : info.auth;
    const entry = { scheme: info.scheme, auth, done };
    this.#entries.push(entry);
    this.#fresh.push(entry);
  }

  /** Writes all credentials, for a new connection. */
  writeAll(writer: ByteWriter): void {
    this.#fresh = [...this.#entries];
    this.writeNew(writer);
  }

  /** Writes those that were added since. */
  writeNew(writer: ByteWriter): void {
    for (const entry of this.#fresh) {
      const body = { type: 0, scheme: entry.scheme, auth: entry.auth };
      writeFrame(writer, ReservedXid.auth, OpCode.auth, AuthPacket, body);
      this.#unanswered.push(entry);
    }
    this.#fresh = [];
  }

  /**
   * Takes the server's next answer. Refused credentials are forgotten, as the server hangs up and would do so again. Returns the
   * error if nobody waits to be told, because they were taken before; throws `WireFault` if nothing was asked.
   */
  answered(errorCode: number): ZooKeeperError | null {
    const entry = this.#unanswered.shift();
    if (entry === undefined) throw new WireFault('malformed', 'an answer to credentials that were not sent');
    const { done } = entry;
    entry.done = null;
    if (errorCode === ErrorCode.Ok) {
      done?.(null);
      return null;
    }
    this.#entries = this.#entries.filter((other) => other !== entry);
    const detail = `scheme ${entry.scheme}`;
    const error = serverError(errorCode, { operation: 'addAuth', path: null, detail });
    done?.(error);
    return done === null ? error : null;
  }

  connectionLost(): void {
    this.#unanswered = [];
  }

  /** Nothing will be sent any more: tells whoever still waits. */
  ended(cause: Error): void {
    const entries = this.#entries;
    this.#entries = [];
    this.#fresh = [];
    this.#unanswered = [];
    for (const entry of entries) {
      entry.done?.(new ClosedError({ operation: 'addAuth', path: null, cause }, 'unknown'));
      entry.done = null;
    }
  }
}
