import type { WireFault } from '../wire/fault.ts';
import {
  ClosedError,
  ConnectionLossError,
  ProtocolError,
  QueueFullError,
  ResponseTooLargeError,
  SessionExpiredError,
} from './errors.ts';
import { type Call, contextOf } from './requests.ts';

/** What an operation ends with once the client has ended for the given reason (null: it was closed). */
export function endedError(call: Call, reason: Error | null): Error {
  const context = reason === null ? contextOf(call) : { ...contextOf(call), cause: reason };
  const kind = reason instanceof SessionExpiredError ? SessionExpiredError : ClosedError;
  return new kind(context, call.outcome);
}

/** What an operation ends with that finds too many others waiting. */
export function queueFullError(call: Call, pendingMax: number): Error {
  return new QueueFullError({ ...contextOf(call), detail: `pendingMax is ${pendingMax}` });
}

/** What an operation ends with whose answer cannot be read, or is larger than the client takes. */
export function unreadableError(call: Call, fault: WireFault, tooLarge: boolean): Error {
  const context = { ...contextOf(call), detail: fault.message, cause: fault };
  return new (tooLarge ? ResponseTooLargeError : ProtocolError)(context, call.outcome);
}

/** What an operation ends with that waited while no server could be heard. */
export function unheardError(call: Call, cause: Error): Error {
  return new ConnectionLossError({ ...contextOf(call), detail: cause.message, cause }, 'not-applied');
}

/** What ends something that is no call once the client has ended, for the given reason (null: it was closed). */
export function closedError(operation: string, reason: Error | null): Error {
  const context = { operation, path: null };
  return new ClosedError(reason === null ? context : { ...context, cause: reason }, 'not-applied');
}
