import { type ErrorCode, errorName } from '../../wire/errors.ts';

/** A request that cannot be granted. Thrown within the pipeline only; clients see the code. */
export class Refusal extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, detail: string) {
    super(`${errorName(code)}: ${detail}`);
    this.name = 'Refusal';
    this.code = code;
  }
}
