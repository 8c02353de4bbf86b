import type { Codec } from '../../wire/codec.ts';
import { replyCodecs } from '../../wire/replies.ts';
import { requestCodecs } from '../../wire/requests.ts';

/** The server answered a call with an error. */
export class RawCallError extends Error {
  readonly err: number;

  constructor(operation: string, err: number, name: string) {
    super(`${operation}: ${name} (${err})`);
    this.name = 'RawCallError';
    this.err = err;
  }
}

/** The codec of a request's body, its value type forgotten: for code that handles every operation alike. */
export function requestCodecOf(type: keyof typeof requestCodecs): Codec<unknown> {
  return requestCodecs[type] as Codec<unknown>;
}

/** The codec of a successful reply's body, its value type forgotten. */
export function replyCodecOf(type: keyof typeof replyCodecs): Codec<unknown> {
  return replyCodecs[type] as Codec<unknown>;
}
