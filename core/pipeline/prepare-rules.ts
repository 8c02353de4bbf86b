import {
  CONTAINER_OWNER,
  CreateMode,
  isCreateMode,
  isEphemeral,
  isTtl,
  ttlToOwner,
} from '../../wire/create-mode.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { WireFault } from '../../wire/fault.ts';
import { type MultiOp, multiWriteOps } from '../../wire/multi.ts';
import { OpCode, opName } from '../../wire/opcodes.ts';
import { pathFault } from '../../wire/path.ts';
import type { SimpleTxn } from '../../wire/txn.ts';
import { isSpecialPath } from '../tree/special-nodes.ts';
import { Refusal } from './refusal.ts';

// Rules of preparing that need no state: what a request must be, and what follows from it.

export type WriteOp = Exclude<MultiOp, { type: typeof OpCode.getData | typeof OpCode.getChildren }>;
export type CreateOp = Extract<WriteOp, { body: { flags: number } }>;

export const isWriteOp = (op: MultiOp): op is WriteOp =>
  (multiWriteOps as readonly number[]).includes(op.type);

/** Beyond this many bytes of paths the list is left out, and everything that the session owns is meant: it is the same. */
const LISTED_BYTES_MAX = 256 * 1024;

export function listed(paths: string[]): string[] | null {
  let bytes = 0;
  for (const path of paths) bytes += path.length;
  return bytes <= LISTED_BYTES_MAX ? paths : null;
}

export function ownerOf(mode: CreateMode, type: number, sessionId: bigint, ttlMs: number): bigint {
  if (type === OpCode.createContainer) return CONTAINER_OWNER;
  if (type === OpCode.createTTL) return ttlToOwner(ttlMs);
  return isEphemeral(mode) ? sessionId : 0n;
}

/** Versions before 3.9 cannot apply a create2 that is part of a multi, and drop the whole transaction: it is logged as a create. */
export function asPart(txn: SimpleTxn): SimpleTxn {
  return txn.type === OpCode.create2 ? { type: OpCode.create, body: txn.body } : txn;
}

/**
 * Within a multi ZooKeeper takes the kind of a creation from its flags, and cannot read one whose flags are unknown or lack the
 * TTL that they call for.
 */
export function withOwnType(op: WriteOp): WriteOp {
  if (op.type !== OpCode.create && op.type !== OpCode.create2 && op.type !== OpCode.createContainer)
    return op;
  const { flags } = op.body;
  if (!isCreateMode(flags) || isTtl(flags)) {
    throw new WireFault('malformed', `create mode ${flags} in ${opName(op.type)} within a multi`);
  }
  return flags === CreateMode.container ? { type: OpCode.createContainer, body: op.body } : op;
}

export function badPath(path: string, reason: string): Refusal {
  return new Refusal(ErrorCode.BadArguments, `${JSON.stringify(path)}: ${reason}`);
}

export function requireValid(path: string): void {
  const fault = pathFault(path);
  if (fault !== null) throw badPath(path, fault);
}

export function requireDeletable(path: string): void {
  if (!path.includes('/') || path.includes('\0')) throw badPath(path, 'no parent');
  if (isSpecialPath(path)) throw badPath(path, 'this node cannot be deleted');
}

/** The version after a change; refuses one that expects another version than there is. -1 expects none. */
export function nextVersion(path: string, current: number, expected: number): number {
  if (expected !== -1 && expected !== current) {
    throw new Refusal(ErrorCode.BadVersion, `${path}: expected version ${expected}, found ${current}`);
  }
  return (current + 1) | 0;
}
