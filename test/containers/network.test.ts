import { beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../client/index.ts';
import { connectStringOf } from '../nemesis/cluster.ts';
import { dockerOrReason, startContainers } from '../nemesis/containers.ts';
import { allServing, leaderOf } from '../nemesis/faults.ts';
import { patience } from '../nemesis/look.ts';
import { buildImage, IMAGE } from './image.ts';

const docker = await dockerOrReason();
if (typeof docker === 'string') process.stdout.write(`test/containers skipped: ${docker}\n`);

describe.skipIf(typeof docker === 'string')('servers on a network of their own', () => {
  beforeAll(buildImage);

  // Both ends of the connection between the two then have an address that is no more, and nothing ever comes back that says so.
  test('two that were off it at the same time find each other again', async () => {
    if (typeof docker === 'string') return;
    await using cluster = await startContainers(docker, IMAGE, 3);
    const { servers } = cluster;
    await allServing(servers);
    const leader = await leaderOf(servers);
    const followers = servers.filter((server) => server !== leader);
    for (const server of followers) await server.disconnect();
    for (const server of followers) await server.reconnect();
    await allServing(servers);
    await using client = await connect(connectStringOf(servers), patience);
    await client.create('/after', '');
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
