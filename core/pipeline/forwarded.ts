import { decode } from '../../wire/codec.ts';
import type { Id } from '../../wire/data.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { WireFault } from '../../wire/fault.ts';
import { OpCode } from '../../wire/opcodes.ts';
import type { ForwardedRequest } from '../../wire/quorum.ts';
import { CreateSessionBody } from '../../wire/requests.ts';
import type { Session, SessionTracker } from '../session/tracker.ts';
import type { ClientRequest, WritePath } from './write-path.ts';

/**
 * What learners forward to the leader. Each request becomes a transaction, a refusal too: the learner's client is answered by
 * what is committed, and would wait for ever otherwise.
 *
 * Invariant: a session belongs to the server that its client was last heard through; requests that come through another are
 * refused as moved (PrepRequestProcessor, SessionTrackerImpl.checkSession), but for its end.
 */
export class ForwardedRequests {
  readonly #tracker: SessionTracker;
  readonly #path: WritePath;

  constructor(tracker: SessionTracker, path: WritePath) {
    this.#tracker = tracker;
    this.#path = path;
  }

  /** `learner` is whatever stands for the server that forwards, the same object each time. */
  submit(learner: object, forwarded: ForwardedRequest, ids: readonly Id[], nowMs: number): void {
    const { sessionId, cxid, type, body } = forwarded;
    if (type === OpCode.createSession) this.#beginSession(learner, forwarded, nowMs);
    const session = this.#tracker.get(sessionId) ?? null;
    const request: ClientRequest = {
      origin: null,
      sessionId,
      session,
      ids,
      xid: cxid,
      type,
      bytes: body,
      start: 0,
      end: body.length,
      receivedMs: nowMs,
      afterZxid: 0,
      answerBytes: 0,
      proposed: true,
      refused: type === OpCode.createSession ? ErrorCode.Ok : refusalOf(session, learner, type),
    };
    try {
      this.#path.submit(request);
    } catch (fault) {
      if (!(fault instanceof WireFault)) throw fault;
      this.#path.submit({ ...request, refused: ErrorCode.MarshallingError });
    }
    if (type === OpCode.closeSession && session !== null) this.#tracker.setClosing(session);
  }

  /** A session has come to a learner from another server; it is that learner's from now on. False if there is none. */
  revalidate(learner: object, sessionId: bigint, timeoutMs: number, nowMs: number): boolean {
    const session = this.#tracker.get(sessionId);
    if (session === undefined || session.closing) return false;
    session.owner = learner;
    session.timeoutMs = timeoutMs;
    this.#tracker.touch(session, nowMs);
    return true;
  }

  /** A timeout that cannot be read is refused when the request is. */
  #beginSession(learner: object, { sessionId, body }: ForwardedRequest, nowMs: number): void {
    let timeOut: number;
    try {
      ({ timeOut } = decode(CreateSessionBody, body));
    } catch (fault) {
      if (!(fault instanceof WireFault)) throw fault;
      return;
    }
    this.#tracker.track(sessionId, timeOut, nowMs).owner = learner;
  }
}

/** A session may be closed from anywhere: were that refused, it would end neither by it nor by its timeout. */
function refusalOf(session: Session | null, learner: object, type: number): ErrorCode {
  if (type === OpCode.closeSession) return ErrorCode.Ok;
  if (session === null) return ErrorCode.SessionExpired;
  session.owner ??= learner;
  return session.owner === learner ? ErrorCode.Ok : ErrorCode.SessionMoved;
}
