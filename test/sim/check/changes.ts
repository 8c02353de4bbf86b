import { OpCode } from '../../../wire/opcodes.ts';
import { readLoggedTxn, type SimpleTxn } from '../../../wire/txn.ts';

export type ChangeKind = 'created' | 'changed' | 'deleted';

/** What a transaction does to one node. */
export interface Change {
  readonly zxid: number;
  readonly kind: ChangeKind;
  readonly path: string;
}

/** What a committed transaction changes, in order; nothing, if it is a multi of which any part was refused. */
export function changesOf(bytes: Buffer): Change[] {
  const { header, txn } = readLoggedTxn(bytes);
  const parts = txn.type === OpCode.multi ? txn.body : [txn];
  if (parts.some(({ type }) => type === OpCode.error)) return [];
  return parts.flatMap((part) => partChanges(header.zxid, part));
}

function partChanges(zxid: number, txn: SimpleTxn): Change[] {
  switch (txn.type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return [{ zxid, kind: 'created', path: txn.body.path }];
    case OpCode.setData:
      return [{ zxid, kind: 'changed', path: txn.body.path }];
    case OpCode.delete:
    case OpCode.deleteContainer:
      return [{ zxid, kind: 'deleted', path: txn.body.path }];
    case OpCode.closeSession:
      return (txn.body.paths2Delete ?? []).map((path) => ({ zxid, kind: 'deleted', path }));
    default:
      return [];
  }
}
