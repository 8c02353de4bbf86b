import { expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import { SetPartitioner } from '../../../recipes/node/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { Cuttable } from '../../kit/cuttable.ts';
import { withSeed } from '../../kit/seed.ts';
import { Floor, items } from './partitioner-suite.ts';

const FILE = 'test/recipes/node/partitioner-storm.test.ts';

interface Machine {
  readonly id: string;
  readonly cable: Cuttable;
  readonly client: ZooKeeperClient;
  member: SetPartitioner | null;
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('whatever connections, sessions and members do: never two owners, and a full share in the end', async () => {
  await withSeed(FILE, async (rng) => {
    await using server = await TestServer.start();
    const floor = new Floor();
    const machines: Machine[] = await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (id) => {
        const cable = new Cuttable();
        const backoff = { baseMs: 1, maxMs: 4 };
        const client = await connect(server.connectString, {
          ports: cable.ports,
          backoff,
          sessionTimeoutMs: 2_000,
        });
        return { id, cable, client, member: null };
      }),
    );
    const join = async (machine: Machine): Promise<void> => {
      machine.member = await SetPartitioner.start(machine.client, '/storm', items, {
        id: machine.id,
        settleMs: rng.pick([0, 5, 20]),
        work: floor.work(machine.id, () => turns(rng.below(4))),
      });
    };
    await Promise.all(machines.slice(0, 2).map(join));
    for (let round = 0; round < 40; round++) {
      const machine = rng.pick(machines);
      const step = rng.weighted({ join: 4, leave: 2, drop: 3, expire: 2, cut: 1, wait: 3 });
      if (step === 'join' && machine.member === null) await join(machine);
      if (step === 'leave' && machine.member !== null) {
        await machine.member.close();
        machine.member = null;
      }
      if (step === 'drop') machine.cable.drop();
      if (step === 'expire') {
        // No server lets a session expire before its client is in doubt: that has stopped the work.
        const { sessionId } = machine.client;
        machine.cable.cut();
        await floor.settle(() => ![...floor.owners.values()].includes(machine.id));
        server.expireSession(sessionId);
        machine.cable.mend();
      }
      if (step === 'cut') {
        machine.cable.cut();
        await turns(rng.below(40));
        machine.cable.mend();
      }
      await turns(rng.below(60));
    }
    for (const machine of machines) if (machine.member === null) await join(machine);
    const shares = (): number[] =>
      machines.map(({ id }) => [...floor.owners.values()].filter((each) => each === id).length);
    // Everybody settles: an even division, held.
    const counts = [1, 1, 2, 2];
    await floor.settle(() => JSON.stringify(shares().sort()) === JSON.stringify(counts));
    expect(floor.faults).toEqual([]);
    await Promise.all(machines.map(({ member }) => member?.close()));
    expect([floor.owners.size, floor.faults]).toEqual([0, []]);
    expect(await machines[0]!.client.getEphemerals('/storm')).toEqual([]);
    await Promise.all(machines.map(({ client }) => client.close()));
  });
});
