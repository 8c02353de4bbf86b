import { describe, expect, test } from 'vitest';
import { type ClientState, connect, type ZooKeeperClient } from '../../client/index.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { javaZooKeeper, SUPER_AUTH } from '../kit/java.ts';
import { MixedEnsemble } from '../kit/mixed-ensemble.ts';
import { eventually } from '../kit/processes.ts';

interface Change {
  readonly joining?: readonly number[];
  readonly leaving?: readonly number[];
}

/** Changes who belongs to the ensemble, as an operator of it may; answers with the configuration that came of it. */
async function reconfigure(ensemble: MixedEnsemble, { joining = [], leaving = [] }: Change): Promise<string> {
  await using operator = await ensemble.client(await ensemble.leader());
  await operator.auth('digest', SUPER_AUTH);
  const { data } = await operator.call(OpCode.reconfig, {
    joiningServers: joining.map((id) => ensemble.member(id)).join(','),
    leavingServers: leaving.length === 0 ? null : leaving.join(','),
    newMembers: null,
    curConfigId: -1,
  });
  return String(data);
}

/** The servers that a client knows of, once there are so many. */
async function untilKnows(client: ZooKeeperClient, servers: number): Promise<void> {
  await eventually(
    `the client knows ${servers} servers`,
    () => client.connection.session.attempts.servers === servers,
    60_000,
  );
}

describe.skipIf(javaZooKeeper() === null)(
  'a client that follows /zookeeper/config of Apache ZooKeepers',
  () => {
    test('knows who joins and who leaves, and outlives all the servers that it once knew', async () => {
      await using ensemble = await MixedEnsemble.create({
        members: [1, 2, 3, 4, 5].map((id) => ({ id, kind: 'java' })),
        founders: [1, 2, 3],
      });
      await ensemble.start(1, 2, 3);
      // One address is all that it is given.
      await using client = await connect(`127.0.0.1:${ensemble.port(1)}`, {
        followConfig: true,
        sessionTimeoutMs: 30_000,
      });
      const { sessionId } = client;
      const states: ClientState[] = [];
      client.on('state', (state) => states.push(state));
      await untilKnows(client, 3);
      await client.create('/mine', 'x', { mode: 'ephemeral' });

      await ensemble.start(4);
      expect(await reconfigure(ensemble, { joining: [4] })).toContain(ensemble.member(4));
      await untilKnows(client, 4);

      await ensemble.start(5);
      const config = await reconfigure(ensemble, { joining: [5], leaving: [1, 2, 3] });
      expect(config.split('\n').slice(0, -1)).toEqual([ensemble.member(4), ensemble.member(5)]);
      await untilKnows(client, 2);

      await Promise.all([1, 2, 3].map((id) => ensemble.kill(id)));
      expect((await client.get('/mine')).stat.ephemeralOwner).toBe(sessionId);
      await client.set('/mine', 'y');
      expect([client.sessionId, states.includes('lost')]).toEqual([sessionId, false]);
      const newcomers = [4, 5].map((id) => `127.0.0.1:${ensemble.port(id)}`);
      expect(newcomers).toContain(client.server);
    });
  },
);
