import { ByteReader } from '../../wire/bytes.ts';
import type { Decoded } from '../../wire/codec.ts';
import { WireFault } from '../../wire/fault.ts';
import { MultiRequest } from '../../wire/multi.ts';
import { OpCode, opName } from '../../wire/opcodes.ts';
import { CreateSessionBody, DeleteContainerRequest, requestCodecs } from '../../wire/requests.ts';
import { isWriteOp, type WriteOp, withOwnType } from './prepare-rules.ts';
import type { Request } from './request.ts';

/** What a request asks for, once it is read. */
export type Ask =
  | WriteOp
  | { readonly type: typeof OpCode.multi; readonly body: readonly WriteOp[] }
  | {
      readonly type: typeof OpCode.setACL;
      readonly body: Decoded<(typeof requestCodecs)[typeof OpCode.setACL]>;
    }
  | { readonly type: typeof OpCode.deleteContainer; readonly body: Decoded<typeof DeleteContainerRequest> }
  | { readonly type: typeof OpCode.createSession; readonly body: Decoded<typeof CreateSessionBody> }
  | { readonly type: typeof OpCode.closeSession | typeof OpCode.reconfig };

/** Reads the record of a write. Throws `WireFault` for one that cannot be read, and for what is no write. */
export function readAsk({ type, bytes, start, end }: Request<unknown>): Ask {
  const reader = new ByteReader(bytes, start, end);
  switch (type) {
    case OpCode.multi: {
      const ops = MultiRequest.read(reader);
      const writes = ops.filter(isWriteOp).map(withOwnType);
      if (writes.length !== ops.length)
        throw new WireFault('malformed', 'a multi that writes holds operations that read');
      return { type, body: writes };
    }
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
    case OpCode.delete:
    case OpCode.setData:
    case OpCode.check:
    case OpCode.setACL:
    case OpCode.reconfig:
      return { type, body: requestCodecs[type].read(reader) } as Ask;
    case OpCode.deleteContainer:
      return { type, body: DeleteContainerRequest.read(reader) };
    case OpCode.createSession:
      return { type, body: CreateSessionBody.read(reader) };
    case OpCode.closeSession:
      return { type };
    default:
      throw new WireFault('malformed', `${opName(type)} is not a write`);
  }
}
