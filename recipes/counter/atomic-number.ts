import type { OperationOptions, ZooKeeperClient } from '../../client/index.ts';
import { type AtomicResult, DistributedAtomicValue } from './atomic-value.ts';
import type { AtomicOptions } from './atomic-writer.ts';
import { int32, int64, type NumberCodec, safeInt64 } from './numbers.ts';

/** How a kind of number is counted with. */
interface Arithmetic<N> {
  readonly codec: NumberCodec<N>;
  readonly zero: N;
  readonly one: N;
  plus(a: N, b: N): N;
  minus(a: N, b: N): N;
}

/**
 * A number in a node that everybody may change by compare-and-set; see `DistributedAtomicValue` for how, and for what is promised.
 * No node, and one without data, count as 0. A result that does not fit is refused with `RangeError`, where Curator wraps around.
 */
export abstract class AtomicNumber<N extends number | bigint> implements AsyncDisposable {
  readonly #value: DistributedAtomicValue<N>;
  readonly #kind: Arithmetic<N>;

  /** Throws `TypeError` or `RangeError` for arguments that are not valid, and does nothing else. */
  protected constructor(client: ZooKeeperClient, path: string, options: AtomicOptions, kind: Arithmetic<N>) {
    const { codec, zero } = kind;
    const emptyIsZero: NumberCodec<N> = {
      encode: (value) => codec.encode(value),
      decode: (data) => (data.length === 0 ? zero : codec.decode(data)),
    };
    this.#value = new DistributedAtomicValue(client, path, { ...options, codec: emptyIsZero });
    this.#kind = kind;
  }

  get path(): string {
    return this.#value.path;
  }

  /** The number as the server has it, which may lag behind others. */
  async get(options?: OperationOptions): Promise<N> {
    return (await this.#value.get(options)) ?? this.#kind.zero;
  }

  increment(options?: OperationOptions): Promise<AtomicResult<N>> {
    return this.add(this.#kind.one, options);
  }

  decrement(options?: OperationOptions): Promise<AtomicResult<N>> {
    return this.subtract(this.#kind.one, options);
  }

  async add(amount: N, options?: OperationOptions): Promise<AtomicResult<N>> {
    // Refused before anything is read, like every argument that cannot be right.
    this.#kind.codec.encode(amount);
    return this.#change((present) => this.#kind.plus(present, amount), options);
  }

  async subtract(amount: N, options?: OperationOptions): Promise<AtomicResult<N>> {
    this.#kind.codec.encode(amount);
    return this.#change((present) => this.#kind.minus(present, amount), options);
  }

  /** Sets the number, and says which one it replaced. */
  trySet(value: N, options?: OperationOptions): Promise<AtomicResult<N>> {
    return this.#change(() => value, options);
  }

  /** Sets the number if it is the expected one. */
  compareAndSet(expected: N, value: N, options?: OperationOptions): Promise<AtomicResult<N>> {
    return this.#change((present) => (present === expected ? value : undefined), options);
  }

  /** Sets the number without looking; see `DistributedAtomicValue.forceSet`. */
  forceSet(value: N, options?: OperationOptions): Promise<void> {
    return this.#value.forceSet(value, options);
  }

  /** Makes the node with a number, unless there is one: then false, and nothing is written. */
  initialize(value: N, options?: OperationOptions): Promise<boolean> {
    return this.#value.initialize(value, options);
  }

  /** Deletes the receipt, if `receiptsPath` asked for one; there is nothing else to end. */
  close(): Promise<void> {
    return this.#value.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #change(
    make: (present: N) => N | undefined,
    options: OperationOptions | undefined,
  ): Promise<AtomicResult<N>> {
    const { zero } = this.#kind;
    return this.#plain(await this.#value.update((present) => make(present ?? zero), options));
  }

  #plain(result: AtomicResult<N, N | null>): AtomicResult<N> {
    return { ...result, pre: result.pre ?? this.#kind.zero };
  }
}

/** An integer of 32 bits, with Curator's four bytes: for what shares the node with Java's class of the same name. */
export class DistributedAtomicInteger extends AtomicNumber<number> {
  constructor(client: ZooKeeperClient, path: string, options: AtomicOptions = {}) {
    super(client, path, options, {
      codec: int32,
      zero: 0,
      one: 1,
      plus: (a, b) => a + b,
      minus: (a, b) => a - b,
    });
  }
}

/**
 * An integer of 64 bits with Curator's eight bytes, as a JavaScript number: no sum below 2^53 is ever rounded, and what a number
 * cannot hold exactly is refused (`RangeError`, or `InvalidValueError` where it is in the node already).
 */
export class DistributedAtomicLong extends AtomicNumber<number> {
  constructor(client: ZooKeeperClient, path: string, options: AtomicOptions = {}) {
    super(client, path, options, {
      codec: safeInt64,
      zero: 0,
      one: 1,
      plus: (a, b) => a + b,
      minus: (a, b) => a - b,
    });
  }
}

/** The same node with all its 64 bits, as a bigint. */
export class DistributedAtomicBigInt extends AtomicNumber<bigint> {
  constructor(client: ZooKeeperClient, path: string, options: AtomicOptions = {}) {
    super(client, path, options, {
      codec: int64,
      zero: 0n,
      one: 1n,
      plus: (a, b) => a + b,
      minus: (a, b) => a - b,
    });
  }
}
