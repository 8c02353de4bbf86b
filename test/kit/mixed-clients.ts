import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Acl, OPEN_ACL } from '../../wire/data.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { OpCode } from '../../wire/opcodes.ts';
import type { MixedEnsemble } from './mixed-ensemble.ts';
import { eventually } from './processes.ts';
import type { RawClient } from './raw-client.ts';

/** A node that anybody may use; flags as on the wire. Returns its path. */
export async function create(client: RawClient, path: string, flags = 0, data = 'x'): Promise<string> {
  const acl = [...OPEN_ACL];
  const created = await client.call(OpCode.create, { path, data: Buffer.from(data), acl, flags });
  return created.path!;
}

/** Many at a time. */
export async function createMany(
  client: RawClient,
  prefix: string,
  count: number,
  data = 'x',
): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, (_, index) => create(client, `${prefix}${index}`, 0, data)),
  );
}

/**
 * Something of every kind below `root`, by a client that is `user:secret` to the server. Every write is one that a learner has to
 * get right: from the transaction, and from a snapshot.
 */
export async function createEverything(client: RawClient, root: string): Promise<void> {
  await client.auth('digest', 'user:secret');
  const make = (path: string, flags: number, data: Buffer | null, acl: Acl[] = [...OPEN_ACL]) =>
    client.call(OpCode.create2, { path: `${root}${path}`, data, acl, flags });
  const bytes = Buffer.from(root);
  await make('', 0, bytes);
  await make('/null', 0, null);
  await make('/empty', 0, Buffer.alloc(0));
  await make('/large', 0, Buffer.alloc(50_000, 'large'));
  await make('/own', 0, bytes, [{ perms: 31, id: { scheme: 'auth', id: '' } }]);
  await make('/ip', 0, bytes, [{ perms: 31, id: { scheme: 'ip', id: '127.0.0.1/8' } }]);
  await make('/ephemeral', 1, bytes);
  await make('/sequence-', 2, bytes);
  await make('/sequence-', 3, null);
  const acl = [...OPEN_ACL];
  await client.call(OpCode.createContainer, { path: `${root}/container`, data: null, acl, flags: 4 });
  await make('/container/child', 0, bytes);
  await client.call(OpCode.createTTL, { path: `${root}/ttl`, data: bytes, acl, flags: 5, ttl: 3_600_000 });
  await client.call(OpCode.setData, { path: `${root}/empty`, data: null, version: 0 });
  await client.call(OpCode.setACL, {
    path: `${root}/null`,
    acl: [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }],
    version: 0,
  });
  await make('/gone', 0, bytes);
  await client.call(OpCode.delete, { path: `${root}/gone`, version: 0 });
  // Refused as a whole, and a transaction all the same.
  await client.multi([
    { type: OpCode.setData, body: { path: root, data: null, version: 0 } },
    { type: OpCode.check, body: { path: root, version: 7 } },
  ]);
  await client.multi([
    { type: OpCode.create, body: { path: `${root}/multi`, data: bytes, acl, flags: 0 } },
    { type: OpCode.create, body: { path: `${root}/multi/-`, data: null, acl, flags: 2 } },
    { type: OpCode.setData, body: { path: root, data: null, version: 0 } },
    { type: OpCode.delete, body: { path: `${root}/large`, version: -1 } },
  ]);
}

export async function exists(client: RawClient, path: string): Promise<boolean> {
  return (await client.ask(OpCode.exists, { path, watch: false })).err === ErrorCode.Ok;
}

/** Whether these bytes are in a log of the server. */
export function hasLogged(ensemble: MixedEnsemble, id: number, text: string): boolean {
  const directory = join(ensemble.dataDir(id), 'version-2');
  return readdirSync(directory).some(
    (name) => name.startsWith('log.') && readFileSync(join(directory, name)).includes(text),
  );
}

/**
 * The leader writes `/kept-NAME`, which all log, and `/lost-NAME`, of which nobody hears, and dies. The ensemble has cables, and goes
 * on without it.
 */
export async function dieWithTail(ensemble: MixedEnsemble, leader: number, name: string): Promise<void> {
  const others = ensemble.running.filter((id) => id !== leader);
  // The session outlives what follows: its end would be a transaction of the next leader.
  await using client = await ensemble.client(leader, 60_000);
  const kept = `the last that all have: ${name}`;
  await create(client, `/kept-${name}`, 0, kept);
  await eventually('all have it', () => others.every((id) => hasLogged(ensemble, id, kept)));
  ensemble.cables.silence(leader);
  const tail = `nobody else has this: ${name}`;
  const lost = create(client, `/lost-${name}`, 0, tail).then(
    () => 'answered',
    () => 'not answered',
  );
  await eventually('the leader has logged it', () => hasLogged(ensemble, leader, tail));
  await ensemble.kill(leader);
  if ((await lost) !== 'not answered') throw new Error('a transaction without a quorum was answered');
  ensemble.cables.cutOff(leader);
  await ensemble.serving(...others);
}
