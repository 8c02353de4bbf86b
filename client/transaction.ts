import type { ByteReader } from '../wire/bytes.ts';
import type { Stat } from '../wire/data.ts';
import { WireFault } from '../wire/fault.ts';
import { type MultiOp, MultiReply, MultiRequest, type MultiResult } from '../wire/multi.ts';
import { OpCode } from '../wire/opcodes.ts';
import { type ClientContext, type Data, type OperationOptions, versionOf } from './context.ts';
import { MultiError, serverError } from './errors.ts';
import type { CallSpec } from './requests.ts';
import { createOp, type NodeOptions } from './writes.ts';

export interface TransactionCreated {
  readonly path: string;
  /** Null from servers before 3.9, which answer a create within a transaction with the path alone. */
  readonly stat: Stat | null;
}

interface Step {
  readonly operation: string;
  readonly path: string;
  readonly version: number | null;
  readonly op: MultiOp;
}

/**
 * Operations that are applied together or not at all, in their order. Each method adds one and returns the transaction, whose
 * type then knows one more result. Arguments are checked at once: `BadArgumentsError` is thrown, not rejected with.
 */
export class Transaction<R extends readonly unknown[] = []> {
  readonly #context: ClientContext;
  readonly #steps: Step[] = [];
  #committed = false;

  constructor(context: ClientContext) {
    this.#context = context;
  }

  /** Creates a node; its result has the path that a sequential node got. */
  create(
    path: string,
    data: Data = this.#context.behaviour.defaultData,
    options: NodeOptions = {},
  ): Transaction<[...R, TransactionCreated]> {
    return this.#add({
      operation: 'create',
      path,
      version: null,
      op: createOp(this.#context, path, data, options),
    });
  }

  /** Sets a node's data, if it has the version (left out or -1 for any); its result is the new Stat. */
  set(
    path: string,
    data: Data,
    options: { readonly version?: number; readonly compressed?: boolean } = {},
  ): Transaction<[...R, Stat]> {
    const version = versionOf('set', path, options.version);
    const bytes = this.#context.encode('set', path, data, options.compressed);
    const body = { path: this.#context.path('set', path), data: bytes, version };
    return this.#add({ operation: 'set', path, version, op: { type: OpCode.setData, body } });
  }

  /** Deletes a node, if it has the version (left out or -1 for any); its result is null. */
  delete(path: string, options: { readonly version?: number } = {}): Transaction<[...R, null]> {
    const version = versionOf('delete', path, options.version);
    const body = { path: this.#context.path('delete', path), version };
    return this.#add({ operation: 'delete', path, version, op: { type: OpCode.delete, body } });
  }

  /** Demands that a node exists and has the version (-1 for any); its result is null. */
  check(path: string, version: number): Transaction<[...R, null]> {
    const body = { path: this.#context.path('check', path), version: versionOf('check', path, version) };
    return this.#add({ operation: 'check', path, version, op: { type: OpCode.check, body } });
  }

  #add<T>(step: Step): Transaction<[...R, T]> {
    if (this.#committed) throw new Error('the transaction has been committed; begin another one');
    this.#steps.push(step);
    return this as unknown as Transaction<[...R, T]>;
  }

  /**
   * Applies everything and returns one result an operation. Rejects with `MultiError`, which names the operation that failed, if
   * nothing was applied; may be called once.
   */
  async commit(options?: OperationOptions): Promise<R> {
    if (this.#committed) throw new Error('the transaction has been committed; begin another one');
    this.#committed = true;
    const steps = this.#steps;
    const spec: CallSpec<MultiOp[], MultiResult[]> = {
      operation: 'transaction',
      path: steps.length === 1 ? steps[0]!.path : null,
      type: OpCode.multi,
      codec: MultiRequest,
      body: steps.map((step) => step.op),
      writes: true,
      read: (reader) => readResults(reader, steps),
    };
    const results = await this.#context.call(spec, options?.signal);
    return this.#interpret(results) as unknown as R;
  }

  #interpret(results: MultiResult[]): unknown[] {
    const failed = results.findIndex((result) => result.type === OpCode.error && result.body.err !== 0);
    const first = results[failed];
    if (first !== undefined && first.type === OpCode.error) {
      const { operation, path, version } = this.#steps[failed]!;
      const { note } = this.#context;
      const context = note === undefined ? { operation, path } : { operation, path, detail: note };
      throw new MultiError(failed, serverError(first.body.err, context, version));
    }
    return results.map((result) => this.#value(result));
  }

  #value(result: MultiResult): unknown {
    switch (result.type) {
      case OpCode.create:
        return { path: this.#context.chroot.toClient(result.body.path), stat: null };
      case OpCode.create2:
        return { path: this.#context.chroot.toClient(result.body.path), stat: result.body.stat };
      case OpCode.setData:
        return result.body.stat;
      default:
        return null;
    }
  }
}

function readResults(reader: ByteReader, steps: readonly Step[]): MultiResult[] {
  const results = MultiReply.read(reader);
  if (results.length !== steps.length) {
    throw new WireFault('malformed', `${results.length} results for ${steps.length} operations`);
  }
  return results;
}
