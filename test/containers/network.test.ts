import { beforeAll, describe, expect, test } from 'vitest';
import { ConnectionLossError, connect, NodeExistsError, type ZooKeeperClient } from '../../client/index.ts';
import { eventually } from '../kit/processes.ts';
import { connectStringOf } from '../nemesis/cluster.ts';
import { dockerOrReason, startContainers } from '../nemesis/containers.ts';
import { allServing, leaderOf } from '../nemesis/faults.ts';
import { patience } from '../nemesis/look.ts';
import { buildImage, IMAGE } from './image.ts';

const docker = await dockerOrReason();
if (typeof docker === 'string') process.stdout.write(`test/containers skipped: ${docker}\n`);

/** Whether a node is there after an attempt to make it. */
async function writes(client: ZooKeeperClient, path: string): Promise<boolean> {
  await client.create(path).catch((error: Error) => {
    if (!(error instanceof NodeExistsError || error instanceof ConnectionLossError)) throw error;
  });
  return (await client.exists(path)) !== null;
}

describe.skipIf(typeof docker === 'string')('servers on a network of their own', () => {
  beforeAll(buildImage);

  test('two that were off it at the same time find each other again', async () => {
    if (typeof docker === 'string') return;
    await using cluster = await startContainers(docker, IMAGE, 3);
    const { servers } = cluster;
    await allServing(servers);
    const leader = (await leaderOf(servers))!;
    const two = [leader, servers.find((server) => server !== leader)!];
    // They come back with each other's address: both ends of the connection between them are none of theirs, and nothing says so.
    for (const server of two) await server.disconnect();
    for (const server of two.toReversed()) await server.reconnect();
    // That a server says that it serves may be from before it noticed: what goes through it counts.
    for (const server of servers) {
      await using client = await connect(connectStringOf([server]), patience);
      await eventually(`server ${server.id} writes`, () => writes(client, `/after-${server.id}`), 30_000);
    }
  });

  test('a leader that only clients reach does nothing that others do not know of', async () => {
    if (typeof docker === 'string') return;
    await using cluster = await startContainers(docker, IMAGE, 3);
    const { servers } = cluster;
    await allServing(servers);
    const leader = (await leaderOf(servers))!;
    const others = servers.filter((server) => server !== leader);
    await using client = await connect(connectStringOf([leader]), patience);
    await leader.disconnect();
    const alone = client.create('/alone', '').then(
      () => 'acknowledged',
      () => 'not acknowledged',
    );
    await using other = await connect(connectStringOf(others), patience);
    await other.create('/together', '');
    await leader.reconnect();
    await allServing(servers);
    const isDone = (await alone) === 'acknowledged';
    // Whatever became of it, all servers agree.
    const seen: (readonly boolean[])[] = [];
    for (const server of servers) {
      await using each = await connect(connectStringOf([server]), patience);
      await each.sync();
      seen.push([(await each.exists('/alone')) !== null, (await each.exists('/together')) !== null]);
    }
    expect(seen).toEqual(seen.map(() => [isDone, true]));
  });
});
