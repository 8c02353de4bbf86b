import type { Acl } from '../../wire/data.ts';
import { OPEN_ACL } from '../../wire/data.ts';
import type { MultiOp } from '../../wire/multi.ts';
import { OpCode } from '../../wire/opcodes.ts';
import type { FakeClient } from './fake-client.ts';
import type { Rng } from './seed.ts';

const readable: Acl[] = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }];
const everyone: Acl[] = [{ perms: 31, id: { scheme: 'ip', id: '127.0.0.1' } }];

/** Draws paths from a small tree, so that requests meet. */
export function drawPath(rng: Rng): string {
  let path = '';
  for (let depth = rng.between(1, 3); depth > 0; depth--) path += `/${rng.pick(['a', 'b', 'c', 'd'])}`;
  return path;
}

function drawAcl(rng: Rng): Acl[] {
  const kind = rng.below(10);
  if (kind < 6) return [...OPEN_ACL];
  if (kind < 8) return [...everyone, { perms: rng.between(1, 31), id: { scheme: 'digest', id: 'u:h' } }];
  return [...everyone, ...readable, { perms: 31, id: { scheme: 'digest', id: `u${rng.below(40)}:h` } }];
}

function drawData(rng: Rng): Buffer | null {
  if (rng.chance(5)) return null;
  return rng.bytes(rng.chance(5) ? rng.below(5000) : rng.below(60));
}

function drawVersion(rng: Rng): number {
  return rng.chance(85) ? -1 : rng.below(4);
}

/** A creation of any of the seven kinds. */
function drawCreate(rng: Rng): MultiOp {
  const path = drawPath(rng) + (rng.chance(20) ? '/s-' : '');
  const data = drawData(rng);
  const acl = drawAcl(rng);
  const kind = rng.below(10);
  if (kind < 6) return { type: OpCode.create, body: { path, data, acl, flags: rng.pick([0, 0, 1, 2, 3]) } };
  if (kind < 8) return { type: OpCode.create2, body: { path, data, acl, flags: rng.pick([0, 1, 2, 3]) } };
  if (kind < 9) return { type: OpCode.createContainer, body: { path, data, acl, flags: 4 } };
  const flags = rng.pick([5, 6]);
  return { type: OpCode.createTTL, body: { path, data, acl, flags, ttl: rng.between(1, 100_000) } };
}

/** One write of those that a multi may hold. */
export function drawOp(rng: Rng): MultiOp {
  const kind = rng.weighted({ create: 45, delete: 25, setData: 25, check: 5 });
  const path = drawPath(rng);
  if (kind === 'create') return drawCreate(rng);
  if (kind === 'delete') return { type: OpCode.delete, body: { path, version: drawVersion(rng) } };
  if (kind === 'setData')
    return { type: OpCode.setData, body: { path, data: drawData(rng), version: drawVersion(rng) } };
  return { type: OpCode.check, body: { path, version: drawVersion(rng) } };
}

export function drawMulti(rng: Rng): MultiOp[] {
  return Array.from({ length: rng.below(5) }, () => drawOp(rng));
}

/** The frame of a random write. */
export function drawWrite(rng: Rng, client: FakeClient): Buffer {
  const kind = rng.weighted({ op: 70, multi: 20, setAcl: 10 });
  if (kind === 'multi') return client.multiFrame(drawMulti(rng));
  if (kind === 'setAcl') {
    return client.frameOf(OpCode.setACL, {
      path: drawPath(rng),
      acl: drawAcl(rng),
      version: drawVersion(rng),
    });
  }
  const op = drawOp(rng);
  return client.frameOf(op.type, op.body as never);
}

/** The frame of a random read, at times with a watch. */
export function drawRead(rng: Rng, client: FakeClient): Buffer {
  const path = rng.chance(5) ? '/' : drawPath(rng);
  const watch = rng.chance(30);
  switch (rng.below(8)) {
    case 0:
      return client.frameOf(OpCode.getChildren2, { path, watch });
    case 1:
      return client.frameOf(OpCode.getData, { path, watch });
    case 2:
      return client.frameOf(OpCode.getACL, { path });
    case 3:
      return client.frameOf(OpCode.sync, { path });
    case 4:
      return client.frameOf(OpCode.ping, null);
    case 5:
      return client.frameOf(OpCode.getAllChildrenNumber, { path });
    case 6:
      return client.frameOf(OpCode.getEphemerals, { path: '/' });
    default:
      return client.frameOf(OpCode.exists, { path, watch });
  }
}
