import { decode } from '../../wire/codec.ts';
import { Stat } from '../../wire/data.ts';
import { ErrorCode, errorName } from '../../wire/errors.ts';
import { MultiReply, type MultiResult } from '../../wire/multi.ts';
import { OpCode, opName } from '../../wire/opcodes.ts';
import { PathReply } from '../../wire/replies.ts';
import type { Applied } from '../tree/applied.ts';
import type { NodeStore } from '../tree/node-store.ts';
import type { ReplyBuffer } from './reply.ts';

/** The answer to a write: what its transaction, the last one applied, came to. Returns the size of the frame. */
export function writeReply(
  out: ReplyBuffer,
  type: number,
  xid: number,
  zxid: number,
  applied: Applied,
  store: NodeStore,
): number {
  if (applied.parts !== null) return out.record(xid, zxid, MultiReply, applied.parts.map(toMultiResult));
  if (applied.err !== ErrorCode.Ok) return out.header(xid, zxid, applied.err);
  switch (type) {
    case OpCode.create:
      return out.record(xid, zxid, PathReply, { path: applied.path });
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      out.begin(xid, zxid, 0);
      out.writer.writeString(applied.path);
      out.stat(store, applied.node);
      return out.end();
    case OpCode.setData:
    case OpCode.setACL:
    case OpCode.check:
      out.begin(xid, zxid, 0);
      out.stat(store, applied.node);
      return out.end();
    default:
      return out.header(xid, zxid, ErrorCode.Ok);
  }
}

/** Every creation that answers with a Stat is a create2 to the client. */
function toMultiResult({ type, err, path, stat }: Applied): MultiResult {
  switch (type) {
    case OpCode.create:
      return { type, body: { path } };
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return { type: OpCode.create2, body: { path, stat: decode(Stat, stat!) } };
    case OpCode.setData:
      return { type, body: { stat: decode(Stat, stat!) } };
    case OpCode.delete:
    case OpCode.check:
      return { type, body: null };
    case OpCode.error:
      return { type, body: { err } };
    default:
      throw new Error(`${opName(type)} (${errorName(err)}) cannot be part of a multi`);
  }
}
