import { ByteReader, type ByteWriter } from './bytes.ts';
import {
  bool,
  buffer,
  type Codec,
  type Decoded,
  int,
  long,
  longApproximate,
  longExact,
  record,
  text,
  vector,
} from './codec.ts';
import { AclVector } from './data.ts';
import { WireFault } from './fault.ts';
import { OpCode } from './opcodes.ts';

/** Who asked for a transaction, its place in the order and its kind. `type` is an opcode; -1 is a request that was refused. */
export const TxnHeader = record('TxnHeader', {
  clientId: long,
  cxid: int,
  zxid: longExact,
  time: longApproximate,
  type: int,
});
export type TxnHeader = Decoded<typeof TxnHeader>;

/** Digest of the whole tree after the transaction, as a 64-bit pattern. */
export const TxnDigest = record('TxnDigest', { version: int, treeDigest: long });
export type TxnDigest = Decoded<typeof TxnDigest>;

/** `parentCVersion` is the parent's stored cversion after the creation; -1 in logs older than 3.4 means one more than before. */
export const CreateTxn = record('CreateTxn', {
  path: text,
  data: buffer,
  acl: AclVector,
  ephemeral: bool,
  parentCVersion: int,
});
export const CreateTxnV0 = record('CreateTxnV0', {
  path: text,
  data: buffer,
  acl: AclVector,
  ephemeral: bool,
});
export const CreateContainerTxn = record('CreateContainerTxn', {
  path: text,
  data: buffer,
  acl: AclVector,
  parentCVersion: int,
});
export const CreateTTLTxn = record('CreateTTLTxn', {
  path: text,
  data: buffer,
  acl: AclVector,
  parentCVersion: int,
  ttl: longApproximate,
});
export const DeleteTxn = record('DeleteTxn', { path: text });
/** `version` is the node's version after the change. */
export const SetDataTxn = record('SetDataTxn', { path: text, data: buffer, version: int });
/** `version` is the node's aversion after the change. */
export const SetACLTxn = record('SetACLTxn', { path: text, acl: AclVector, version: int });
/** `version` is the version found plus one. */
export const CheckVersionTxn = record('CheckVersionTxn', { path: text, version: int });
export const CreateSessionTxn = record('CreateSessionTxn', { timeOut: int });
export const CloseSessionTxn = record('CloseSessionTxn', { paths2Delete: vector(text) });
export const ErrorTxn = record('ErrorTxn', { err: int });

/** Logs older than 3.4 lack the parent's cversion. */
const CreateTxnAnyAge: Codec<Decoded<typeof CreateTxn>> = {
  bytesMin: CreateTxnV0.bytesMin,
  read(reader) {
    const old = CreateTxnV0.read(reader);
    const parentCVersion = reader.remaining >= 4 ? reader.readInt() : -1;
    return { ...old, parentCVersion };
  },
  write: (writer, value) => CreateTxn.write(writer, value),
};

/** `paths2Delete` is null where the log does not say which ephemerals ended (older than 3.6): then all of the session's. */
const CloseSessionTxnAnyAge: Codec<Decoded<typeof CloseSessionTxn>> = {
  bytesMin: 0,
  read(reader) {
    // A digest alone (12 bytes) is no list: its first int is the digest version, and no list of that count fits in 8 bytes.
    if (reader.remaining === 0 || reader.remaining === TXN_DIGEST_BYTES) {
      const at = reader.pos;
      if (reader.remaining === 0) return { paths2Delete: null };
      try {
        return CloseSessionTxn.read(reader);
      } catch (fault) {
        if (!(fault instanceof WireFault)) throw fault;
        reader.pos = at;
        return { paths2Delete: null };
      }
    }
    return CloseSessionTxn.read(reader);
  },
  write: (writer, value) => {
    if (value.paths2Delete !== null) CloseSessionTxn.write(writer, value);
  },
};

/** Size of a `TxnDigest` on the wire. */
export const TXN_DIGEST_BYTES = 12;

const simpleBodies = {
  [OpCode.create]: CreateTxnAnyAge,
  [OpCode.create2]: CreateTxnAnyAge,
  [OpCode.createContainer]: CreateContainerTxn,
  [OpCode.createTTL]: CreateTTLTxn,
  [OpCode.delete]: DeleteTxn,
  [OpCode.deleteContainer]: DeleteTxn,
  [OpCode.setData]: SetDataTxn,
  [OpCode.reconfig]: SetDataTxn,
  [OpCode.setACL]: SetACLTxn,
  [OpCode.check]: CheckVersionTxn,
  [OpCode.createSession]: CreateSessionTxn,
  [OpCode.closeSession]: CloseSessionTxnAnyAge,
  [OpCode.error]: ErrorTxn,
} as const;
type SimpleType = keyof typeof simpleBodies;

/** What a transaction does, by type. */
export type SimpleTxn = {
  [K in SimpleType]: { readonly type: K; readonly body: Decoded<(typeof simpleBodies)[K]> };
}[SimpleType];
export type MultiTxn = { readonly type: typeof OpCode.multi; readonly body: SimpleTxn[] };
export type Txn = SimpleTxn | MultiTxn;

const Part = record('Txn', { type: int, data: buffer });

function isSimpleType(type: number): type is SimpleType {
  return Object.hasOwn(simpleBodies, type);
}

function readSimple(type: number, reader: ByteReader): SimpleTxn {
  if (!isSimpleType(type)) throw new WireFault('malformed', `unknown transaction type ${type}`);
  return { type, body: simpleBodies[type].read(reader) } as SimpleTxn;
}

/**
 * A part of a failed multi that was rewritten to an error holds an ErrorTxn whatever it was before, so its own type is
 * decisive (ZOOKEEPER-4607).
 */
function readMulti(reader: ByteReader): SimpleTxn[] {
  const count = reader.readCount(Part.bytesMin);
  const parts: SimpleTxn[] = [];
  for (let i = 0; i < count; i++) {
    const { type, data } = Part.read(reader);
    if (data === null) throw new WireFault('malformed', 'null part in a multi transaction');
    parts.push(readSimple(type, new ByteReader(data as Buffer, 0, data.length, reader.lengthMax)));
  }
  return parts;
}

/** Reads the body that a header of this type announces. */
export function readTxnBody(type: number, reader: ByteReader): Txn {
  return type === OpCode.multi ? { type, body: readMulti(reader) } : readSimple(type, reader);
}

export function writeTxnBody(writer: ByteWriter, txn: Txn): void {
  if (txn.type !== OpCode.multi) {
    (simpleBodies[txn.type] as Codec<unknown>).write(writer, txn.body);
    return;
  }
  writer.writeInt(txn.body.length);
  for (const part of txn.body) {
    writer.writeInt(part.type);
    const lengthAt = writer.pos;
    writer.writeInt(0);
    (simpleBodies[part.type] as Codec<unknown>).write(writer, part.body);
    writer.bytes.writeInt32BE(writer.pos - lengthAt - 4, lengthAt);
  }
}

/** A transaction as the log, the quorum protocol and the tree know it: header, body, and the digest if it carries one. */
export interface LoggedTxn {
  readonly header: TxnHeader;
  readonly txn: Txn;
  readonly digest: TxnDigest | null;
}

/** Reads the bytes of one log entry or proposal. A digest is what 12 bytes after the body are; older files have none. */
export function readLoggedTxn(bytes: Buffer): LoggedTxn {
  const reader = new ByteReader(bytes, 0, bytes.length, bytes.length);
  const header = TxnHeader.read(reader);
  const txn = readTxnBody(header.type, reader);
  const digest = reader.remaining >= TXN_DIGEST_BYTES ? TxnDigest.read(reader) : null;
  return { header, txn, digest };
}

export function writeLoggedTxn(writer: ByteWriter, logged: LoggedTxn): void {
  TxnHeader.write(writer, logged.header);
  writeTxnBody(writer, logged.txn);
  if (logged.digest !== null) TxnDigest.write(writer, logged.digest);
}
