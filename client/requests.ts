import type { ByteReader, ByteWriter } from '../wire/bytes.ts';
import type { Codec } from '../wire/codec.ts';
import type { Xid } from '../wire/ids.ts';
import { OpCode } from '../wire/opcodes.ts';
import { Empty } from '../wire/requests.ts';
import type { Circumstances } from './circumstances.ts';
import {
  BadArgumentsError,
  ConnectionLossError,
  type ErrorContext,
  type Outcome,
  RequestTooLargeError,
  serverError,
} from './errors.ts';
import { writeFrame } from './frames.ts';

/** One operation, as far as the session has to know it. Paths in `body` are the server's. */
export interface CallSpec<B, T> {
  /** The operation and path as the caller knows them, for errors. */
  readonly operation: string;
  readonly path: string | null;
  readonly type: OpCode;
  readonly codec: Codec<B>;
  readonly body: B;
  /** Whether repeating it could change something: such a request is never sent twice. */
  readonly writes: boolean;
  /** Said with every error of the server. */
  readonly note?: string | undefined;
  /** How often it is sent at most, where that is not for the client's settings to say. */
  readonly sendsMax?: number;
  /** The version that it asks for, for BadVersionError. */
  readonly expectedVersion?: number;
  /**
   * Makes the result of a successful reply's body. Runs before anything that the server sent later is looked at. `abandoned`
   * says that nobody waits for the result any more.
   */
  read(reader: ByteReader, abandoned: boolean): T;
  /** The same for a reply with an error code; undefined lets the promise reject with the error of that code. */
  readError?(errorCode: number, abandoned: boolean): { readonly value: T } | undefined;
}

/** A read is sent at most this often by default: one whose reply breaks connections must not do so for ever. */
export const READ_SENDS_MAX = 4;

/** An operation under way. It settles once; what comes later is swallowed. */
export class Call<B = unknown, T = unknown> {
  readonly spec: CallSpec<B, T>;
  xid: Xid = 0;
  sends = 0;
  /** When it was sent last. */
  sentMs = 0;
  /** Nobody waits any more: the reply, which must still be awaited in its place, is swallowed. */
  settled = false;
  /** Whether it goes ahead even when too many are waiting. */
  readonly urgent: boolean;
  /** Told when nobody waits any more; for the line that the call stands in while there is no connection. */
  onSettled: (() => void) | null = null;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    spec: CallSpec<B, T>,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
    urgent = false,
  ) {
    this.spec = spec;
    this.urgent = urgent;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get operation(): string {
    return this.spec.operation;
  }

  get path(): string | null {
    return this.spec.path;
  }

  /** What a lost reply would leave open. */
  get outcome(): Outcome {
    return this.sends > 0 && this.spec.writes ? 'unknown' : 'not-applied';
  }

  /** Takes the reply. Throws `WireFault` if the body cannot be read; the call is then still unsettled. */
  answer(errorCode: number, reader: ByteReader): void {
    const spec = this.spec;
    if (errorCode === 0) {
      const value = spec.read(reader, this.settled);
      if (!this.settled) {
        this.settled = true;
        this.#resolve(value);
      }
      return;
    }
    const handled = spec.readError?.(errorCode, this.settled);
    if (handled === undefined) {
      this.fail(serverError(errorCode, contextOf(this), spec.expectedVersion ?? null));
    } else if (!this.settled) {
      this.settled = true;
      this.#resolve(handled.value);
    }
  }

  /** Ends the call without a reply, or without waiting for it. */
  fail(error: unknown): void {
    if (this.settled) return;
    this.settled = true;
    this.onSettled?.();
    this.#reject(error);
  }
}

/**
 * The request that ends a session; `end` runs when it is answered or need not be any more. When the connection is lost before the
 * answer the session may live on, and its nodes with it: then the next connection is to ask again.
 */
export function closeCall(end: () => void): Call {
  return new Call<null, unknown>(
    {
      operation: 'close',
      path: null,
      type: OpCode.closeSession,
      codec: Empty,
      body: null,
      writes: true,
      read: () => null,
    },
    end,
    (error) => {
      if (!(error instanceof ConnectionLossError)) end();
    },
  );
}

const HEADER_BYTES = 8;

/** Fewer calls given up than this are not worth going through the line for. */
const GIVEN_UP_MIN = 64;

/**
 * The operations of a session in their order: those that wait for a connection and those that wait for their reply. Replies
 * come in the order of requests, so the head of the line is always the one meant.
 */
export class Requests {
  readonly frameBytesMax: number;
  readonly #readSendsMax: number;
  #unsent: Call[] = [];
  /** How many of the unsent have been given up. */
  #givenUp = 0;
  #sent: Call[] = [];
  #sentHead = 0;
  #xid: Xid = 0;

  constructor(limits: { readonly frameBytesMax: number; readonly readSendsMax: number }) {
    this.frameBytesMax = limits.frameBytesMax;
    this.#readSendsMax = limits.readSendsMax;
  }

  get waiting(): number {
    return this.#unsent.length - this.#givenUp + this.#sent.length - this.#sentHead;
  }

  get unanswered(): number {
    return this.#sent.length - this.#sentHead;
  }

  /** The call whose reply comes next. */
  get head(): Call | undefined {
    return this.#sent[this.#sentHead];
  }

  /** What is wrong with a reply, unless it is that to the oldest request: then nothing on the connection can be trusted. */
  mismatch(xid: Xid): Error | null {
    const call = this.head;
    if (call?.xid === xid) return null;
    const expected = call === undefined ? 'no reply' : `the reply to request ${call.xid}`;
    return new Error(`expected ${expected}, got one to request ${xid}`);
  }

  enqueue(call: Call): void {
    call.onSettled = this.#onGivenUp;
    this.#unsent.push(call);
  }

  /** Drops calls that were given up while they waited, once they are most of the line. */
  readonly #onGivenUp = (): void => {
    this.#givenUp++;
    if (this.#givenUp < GIVEN_UP_MIN || this.#givenUp * 2 < this.#unsent.length) return;
    this.#unsent = this.#unsent.filter((call) => !call.settled);
    this.#givenUp = 0;
  };

  /** Writes the request as a frame and waits for its reply. A request that cannot be encoded fails at once. */
  send(call: Call, writer: ByteWriter, nowMs: number): void {
    const xid = this.#xid === 0x7fff_ffff ? 1 : this.#xid + 1;
    const start = writer.pos;
    let frameBytes: number;
    try {
      frameBytes = writeFrame(writer, xid, call.spec.type, call.spec.codec, call.spec.body);
    } catch (error) {
      // Whatever it is, it is this call's: thrown on, it would take down the connection and with it the others.
      writer.pos = start;
      const detail = error instanceof Error ? error.message : String(error);
      call.fail(new BadArgumentsError({ ...contextOf(call), detail, cause: error }));
      return;
    }
    if (frameBytes > this.frameBytesMax) {
      writer.pos = start;
      const detail = `${frameBytes - HEADER_BYTES} bytes, at most ${this.frameBytesMax - HEADER_BYTES}`;
      call.fail(new RequestTooLargeError({ ...contextOf(call), detail }));
      return;
    }
    this.#xid = xid;
    call.xid = xid;
    call.sends++;
    call.sentMs = nowMs;
    this.#sent.push(call);
  }

  /** Sends everything that waited for a connection. */
  sendUnsent(writer: ByteWriter, nowMs: number): void {
    for (const call of this.#takeUnsent()) {
      // A call that was given up while it waited leaves no trace on the server.
      if (!call.settled) this.send(call, writer, nowMs);
    }
  }

  /** Takes the head of the line off. */
  shift(): void {
    this.#sent[this.#sentHead++] = undefined as unknown as Call;
    if (this.#sentHead === this.#sent.length) {
      this.#sent.length = 0;
      this.#sentHead = 0;
    } else if (this.#sentHead >= 4096) {
      this.#sent = this.#sent.slice(this.#sentHead);
      this.#sentHead = 0;
    }
  }

  /**
   * The connection broke: reads go back to the head of the waiting line, in order; writes, of which nobody can tell whether
   * they were applied, fail.
   */
  connectionLost(cause: Error, circumstances: Circumstances): void {
    const sent = this.#takeSent();
    const again: Call[] = [];
    for (const call of sent) {
      if (call.settled) continue;
      if (!call.spec.writes && call.sends < (call.spec.sendsMax ?? this.#readSendsMax)) {
        again.push(call);
      } else {
        call.fail(new ConnectionLossError({ ...contextOf(call), cause, circumstances }, call.outcome));
      }
    }
    for (const call of again) call.onSettled = this.#onGivenUp;
    this.#unsent = again.concat(this.#unsent);
  }

  /** Fails everything that has not been sent. */
  failUnsent(error: (call: Call) => Error): void {
    for (const call of this.#takeUnsent()) call.fail(error(call));
  }

  /** Fails everything. */
  failAll(error: (call: Call) => Error): void {
    const sent = this.#takeSent();
    for (const call of sent) call.fail(error(call));
    this.failUnsent(error);
  }

  #takeUnsent(): Call[] {
    const unsent = this.#unsent;
    this.#unsent = [];
    this.#givenUp = 0;
    for (const call of unsent) call.onSettled = null;
    return unsent;
  }

  #takeSent(): Call[] {
    const sent = this.#sent.slice(this.#sentHead);
    this.#sent = [];
    this.#sentHead = 0;
    return sent;
  }
}

export function contextOf(call: Pick<Call, 'operation' | 'path' | 'spec'>): ErrorContext {
  const { operation, path, spec } = call;
  return spec.note === undefined ? { operation, path } : { operation, path, detail: spec.note };
}
