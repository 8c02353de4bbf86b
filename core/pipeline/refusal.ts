import { type ErrorCode, errorName } from '../../wire/errors.ts';

/**
 * A request that cannot be granted. Thrown within the pipeline only; clients see the code. It carries no stack: refusals are
 * ordinary, and a trace is several times as dear as all the rest of one.
 */
export class Refusal extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, detail: string) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(`${errorName(code)}: ${detail}`);
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'Refusal';
    this.code = code;
  }
}
