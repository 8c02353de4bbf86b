import { type ConnectResponse, writeConnectRequest } from '../wire/connect.ts';
import type { SessionId, Zxid } from '../wire/ids.ts';
import { PASSWORD_BYTES } from '../wire/password.ts';
import { type SessionTimes, sessionTimes } from './timing.ts';

/** What makes a session: its id and password, the timeout that was granted, and how far it has seen. */
export class Identity {
  /** 0 while there is no session. */
  sessionId: SessionId = 0n;
  timeoutMs: number;
  times: SessionTimes;
  /** When the session was made. */
  bornMs = 0;
  /** The highest zxid that a reply carried: no server that is behind it may serve this session. */
  lastZxid: Zxid = 0;
  #password = Buffer.alloc(PASSWORD_BYTES);
  readonly #wantedTimeoutMs: number;
  /** The session was made up by a server without quorum: no other server knows it. */
  #local = false;

  constructor(wantedTimeoutMs: number) {
    this.#wantedTimeoutMs = wantedTimeoutMs;
    this.timeoutMs = wantedTimeoutMs;
    this.times = sessionTimes(wantedTimeoutMs);
  }

  /** Whether servers can be asked about the session apart from what it has seen. */
  get askable(): boolean {
    return this.sessionId !== 0n && !this.#local && this.lastZxid > 0;
  }

  /** `question` asks only whether the session lives: of any server that has a quorum, however far it is. */
  connectRequest(readOnly: boolean, question = false): Buffer {
    return writeConnectRequest({
      protocolVersion: 0,
      lastZxidSeen: question ? 0 : this.lastZxid,
      timeOut: this.#wantedTimeoutMs,
      sessionId: this.#local ? 0n : this.sessionId,
      passwd: this.#local ? Buffer.alloc(PASSWORD_BYTES) : this.#password,
      readOnly: readOnly && !question,
    });
  }

  /** Why a response cannot be meant for this session, or null. */
  fault(response: ConnectResponse, readOnlyWanted: boolean): string | null {
    if (response.timeOut <= 0) return 'the server refused a new session';
    if (response.readOnly === true && !readOnlyWanted) return 'the server is in read-only mode';
    if (response.sessionId === 0n) return 'the server answered without a session';
    if (this.sessionId !== 0n && !this.#local && response.sessionId !== this.sessionId) {
      return 'the server answered for another session';
    }
    return null;
  }

  /** Takes what the server granted. */
  accept(response: ConnectResponse, nowMs: number): void {
    const renewed = response.sessionId !== this.sessionId;
    if (renewed) this.bornMs = nowMs;
    this.#local = response.readOnly === true && (renewed || this.#local);
    this.sessionId = response.sessionId;
    this.#password = Buffer.from(response.passwd ?? Buffer.alloc(PASSWORD_BYTES));
    this.timeoutMs = response.timeOut;
    this.times = sessionTimes(response.timeOut);
  }

  /** The session is gone: the next handshake asks for a new one, which may begin on any server. */
  forget(): void {
    this.#local = false;
    this.sessionId = 0n;
    this.#password = Buffer.alloc(PASSWORD_BYTES);
    this.lastZxid = 0;
    this.timeoutMs = this.#wantedTimeoutMs;
    this.times = sessionTimes(this.#wantedTimeoutMs);
  }
}
