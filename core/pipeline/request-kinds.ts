import { OpCode } from '../../wire/opcodes.ts';

const writes: ReadonlySet<number> = new Set([
  OpCode.create,
  OpCode.create2,
  OpCode.createContainer,
  OpCode.createTTL,
  OpCode.delete,
  OpCode.setData,
  OpCode.setACL,
  OpCode.check,
  OpCode.multi,
  OpCode.reconfig,
  OpCode.closeSession,
]);

const requests: ReadonlySet<number> = new Set([
  ...writes,
  OpCode.exists,
  OpCode.getData,
  OpCode.getACL,
  OpCode.getChildren,
  OpCode.getChildren2,
  OpCode.sync,
  OpCode.ping,
  OpCode.checkWatches,
  OpCode.removeWatches,
  OpCode.multiRead,
  OpCode.auth,
  OpCode.setWatches,
  OpCode.setWatches2,
  OpCode.sasl,
  OpCode.getEphemerals,
  OpCode.getAllChildrenNumber,
  OpCode.addWatch,
  OpCode.whoAmI,
]);

/** Whether a request of this type goes through the order of transactions. */
export function isWrite(type: number): boolean {
  return type === OpCode.setData || writes.has(type);
}

/** Whether clients may send this type at all. */
export function isRequest(type: number): boolean {
  return requests.has(type);
}
