import type { ByteReader, ByteWriter } from './bytes.ts';
import { bool, type Codec, int, record } from './codec.ts';
import { WireFault } from './fault.ts';
import { OpCode, opName } from './opcodes.ts';
import { ErrorReply, replyCodecs } from './replies.ts';
import { requestCodecs } from './requests.ts';

export const MultiHeader = record('MultiHeader', { type: int, done: bool, err: int });

/** Operations that a multi may hold. */
export const multiWriteOps = [
  OpCode.create,
  OpCode.create2,
  OpCode.createContainer,
  OpCode.createTTL,
  OpCode.delete,
  OpCode.setData,
  OpCode.check,
] as const;
/** Operations that a multiRead may hold. */
export const multiReadOps = [OpCode.getData, OpCode.getChildren] as const;

type MultiWriteOp = (typeof multiWriteOps)[number];
type MultiReadOp = (typeof multiReadOps)[number];
type MultiOpCode = MultiWriteOp | MultiReadOp;

type BodyOf<C> = C extends Codec<infer T> ? T : never;

/** One operation of a multi: its type and request body. */
export type MultiOp = {
  [K in MultiOpCode]: { readonly type: K; readonly body: BodyOf<(typeof requestCodecs)[K]> };
}[MultiOpCode];

const multiReplyCodecs = {
  [OpCode.create]: replyCodecs[OpCode.create],
  [OpCode.create2]: replyCodecs[OpCode.create2],
  [OpCode.delete]: replyCodecs[OpCode.delete],
  [OpCode.setData]: replyCodecs[OpCode.setData],
  /** Within a multi a check has no body, unlike alone. */
  [OpCode.check]: replyCodecs[OpCode.delete],
  [OpCode.getData]: replyCodecs[OpCode.getData],
  [OpCode.getChildren]: replyCodecs[OpCode.getChildren],
  [OpCode.error]: ErrorReply,
} as const;
type MultiReplyType = keyof typeof multiReplyCodecs;

/** One result of a multi. Every kind of create that answers with a Stat has type create2. */
export type MultiResult = {
  [K in MultiReplyType]: { readonly type: K; readonly body: BodyOf<(typeof multiReplyCodecs)[K]> };
}[MultiReplyType];

function isKeyOf<T extends object>(table: T, key: number): key is Extract<keyof T, number> {
  return Object.hasOwn(table, key);
}

const multiOps: ReadonlySet<number> = new Set<number>([...multiWriteOps, ...multiReadOps]);

function writeEnd(writer: ByteWriter): void {
  MultiHeader.write(writer, { type: -1, done: true, err: -1 });
}

/** Body of multi and multiRead: header and request for each operation, then an end header. */
export const MultiRequest: Codec<MultiOp[]> = {
  bytesMin: MultiHeader.bytesMin,
  read(reader: ByteReader): MultiOp[] {
    const ops: MultiOp[] = [];
    for (;;) {
      const { type, done } = MultiHeader.read(reader);
      if (done) return ops;
      if (!multiOps.has(type)) throw new WireFault('malformed', `${opName(type)} is not allowed in a multi`);
      const body = requestCodecs[type as MultiOpCode].read(reader);
      ops.push({ type, body } as MultiOp);
    }
  },
  write(writer, ops): void {
    for (const { type, body } of ops) {
      MultiHeader.write(writer, { type, done: false, err: -1 });
      (requestCodecs[type] as Codec<unknown>).write(writer, body);
    }
    writeEnd(writer);
  },
};

/** Answer to multi and multiRead: header (with the error of a failed operation) and body for each, then an end header. */
export const MultiReply: Codec<MultiResult[]> = {
  bytesMin: MultiHeader.bytesMin,
  read(reader: ByteReader): MultiResult[] {
    const results: MultiResult[] = [];
    for (;;) {
      const { type, done } = MultiHeader.read(reader);
      if (done) return results;
      if (!isKeyOf(multiReplyCodecs, type))
        throw new WireFault('malformed', `${opName(type)} in a multi reply`);
      results.push({ type, body: multiReplyCodecs[type].read(reader) } as MultiResult);
    }
  },
  write(writer, results): void {
    for (const { type, body } of results) {
      const err = type === OpCode.error ? body.err : 0;
      MultiHeader.write(writer, { type, done: false, err });
      (multiReplyCodecs[type] as Codec<unknown>).write(writer, body);
    }
    writeEnd(writer);
  },
};
