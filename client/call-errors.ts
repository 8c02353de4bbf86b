import type { WireFault } from '../wire/fault.ts';
import type { Attempts } from './attempts.ts';
import type { Circumstances } from './circumstances.ts';
import type { Deadlines, Phase } from './deadlines.ts';
import {
  ClosedError,
  ConnectionLossError,
  ProtocolError,
  QueueFullError,
  ResponseTooLargeError,
  SessionExpiredError,
} from './errors.ts';
import type { Identity } from './identity.ts';
import { type Call, contextOf } from './requests.ts';

interface Standing {
  readonly identity: Identity;
  readonly attempts: Attempts;
  readonly deadlines: Deadlines;
}

/** How a session stands, for errors. `phase` may be that before a connection was lost; `again` says whether it connects again. */
export function circumstancesOf(
  { identity, attempts, deadlines }: Standing,
  nowMs: number,
  phase: Phase = deadlines.phase,
  again = true,
): Circumstances {
  const { sessionId, bornMs } = identity;
  const waiting = deadlines.phase === 'waiting';
  return {
    server: attempts.server,
    phase: phase === 'ready' ? 'connected' : phase === 'handshake' ? 'handshake' : 'connecting',
    sessionId,
    sessionAgeMs: sessionId === 0n ? null : nowMs - bornMs,
    retryInMs: again ? Math.max(0, waiting ? deadlines.retryAtMs - nowMs : 0) : null,
  };
}

/** What an operation ends with once the client has ended for the given reason (null: it was closed). */
export function endedError(call: Call, reason: Error | null): Error {
  if (reason instanceof SessionExpiredError && reason.circumstances !== null) {
    const { circumstances } = reason;
    return new SessionExpiredError({ ...contextOf(call), cause: reason, circumstances }, call.outcome);
  }
  const context = reason === null ? contextOf(call) : { ...contextOf(call), cause: reason };
  return new ClosedError(context, call.outcome);
}

/** What an operation ends with that finds too many others waiting. */
export function queueFullError(call: Call, pendingMax: number): Error {
  return new QueueFullError({ ...contextOf(call), detail: `pendingMax is ${pendingMax}` });
}

/** What an operation ends with whose answer cannot be read, or is larger than the client takes. */
export function unreadableError(
  call: Call,
  fault: WireFault,
  tooLarge: boolean,
  circumstances: Circumstances,
): Error {
  const context = { ...contextOf(call), detail: fault.message, cause: fault, circumstances };
  return new (tooLarge ? ResponseTooLargeError : ProtocolError)(context, call.outcome);
}

/** What an operation ends with that waited while no server could be heard. */
export function unheardError(call: Call, cause: Error, circumstances: Circumstances): Error {
  const context = { ...contextOf(call), detail: cause.message, cause, circumstances };
  return new ConnectionLossError(context, 'not-applied');
}

/** What ends something that is no call once the client has ended, for the given reason (null: it was closed). */
export function closedError(operation: string, reason: Error | null): Error {
  const context = { operation, path: null };
  return new ClosedError(reason === null ? context : { ...context, cause: reason }, 'not-applied');
}
