import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPEN_ACL } from '../../wire/data.ts';
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

export async function exists(client: RawClient, path: string): Promise<boolean> {
  return (await client.ask(OpCode.exists, { path, watch: false })).err === ErrorCode.Ok;
}

/** Whether these bytes are in a log of the server. */
function hasLogged(ensemble: MixedEnsemble, id: number, text: string): boolean {
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
