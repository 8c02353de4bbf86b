import type { Stat } from '../wire/data.ts';
import { WireFault } from '../wire/fault.ts';
import { type MultiOp, MultiReply, MultiRequest, type MultiResult } from '../wire/multi.ts';
import { OpCode } from '../wire/opcodes.ts';
import type { ClientContext, OperationOptions } from './context.ts';
import { serverError, type ZooKeeperError } from './errors.ts';
import type { NodeData } from './reads.ts';
import type { CallSpec } from './requests.ts';

/** One read of several. */
export type ReadOp = { readonly get: string } | { readonly children: string };

/** What one read of several came to: its value, or its own error. */
export type ReadResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ZooKeeperError };

/** The results of a list of reads, one by one. */
export type ReadResults<Ops extends readonly ReadOp[]> = {
  -readonly [K in keyof Ops]: ReadResult<Ops[K] extends { readonly get: string } ? NodeData : string[]>;
};

export async function multiRead<const Ops extends readonly ReadOp[]>(
  context: ClientContext,
  ops: Ops,
  options?: OperationOptions,
): Promise<ReadResults<Ops>> {
  const spec: CallSpec<MultiOp[], MultiResult[]> = {
    operation: 'multiRead',
    path: null,
    type: OpCode.multiRead,
    codec: MultiRequest,
    body: ops.map((op) => wireOp(context, op)),
    writes: false,
    read(reader) {
      const results = MultiReply.read(reader);
      if (results.length !== ops.length) {
        throw new WireFault('malformed', `${results.length} results for ${ops.length} reads`);
      }
      return results;
    },
  };
  const results = await context.call(spec, options?.signal);
  return results.map((result, i) => interpret(result, ops[i]!)) as unknown as ReadResults<Ops>;
}

function wireOp(context: ClientContext, op: ReadOp): MultiOp {
  if ('get' in op) {
    return { type: OpCode.getData, body: { path: context.path('get', op.get), watch: false } };
  }
  return { type: OpCode.getChildren, body: { path: context.path('children', op.children), watch: false } };
}

function interpret(result: MultiResult, op: ReadOp): ReadResult<NodeData | string[]> {
  switch (result.type) {
    case OpCode.getData: {
      const { data, stat }: { data: Uint8Array | null; stat: Stat } = result.body;
      return { ok: true, value: { data: data === null ? null : Buffer.from(data), stat } };
    }
    case OpCode.getChildren:
      return { ok: true, value: result.body.children ?? [] };
    default: {
      const errorCode = result.type === OpCode.error ? result.body.err : 0;
      const context =
        'get' in op ? { operation: 'get', path: op.get } : { operation: 'children', path: op.children };
      return { ok: false, error: serverError(errorCode, context) };
    }
  }
}
