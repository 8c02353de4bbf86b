import { expect, test } from 'vitest';
import { connect } from '../../../client/index.ts';
import { ClusterMembership, type Member } from '../../../recipes/node/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { Cuttable } from '../../kit/cuttable.ts';
import { withSeed } from '../../kit/seed.ts';
import { whenever } from './membership-suite.ts';

const PATH = '/storm';
const ROUNDS = 60;

/** What an onlooker must believe who hears nothing but events; complains of those that do not follow from the ones before. */
class Replay {
  readonly members = new Map<string, Member<string>>();
  readonly faults: string[] = [];

  constructor(membership: ClusterMembership) {
    for (const member of membership.members()) this.members.set(member.id, member);
    membership.onChange(({ type, member, before }) => {
      const known = this.members.get(member.id);
      const told = `${type} ${member.id}`;
      if (type === 'joined' && known !== undefined) this.faults.push(`${told}, who was here`);
      if (type !== 'joined' && known?.czxid !== member.czxid) this.faults.push(`${told}, who was not here`);
      if (type !== 'joined' && before?.value !== known?.value)
        this.faults.push(`${told}, from another value`);
      if (type === 'left') this.members.delete(member.id);
      else this.members.set(member.id, member);
    });
  }

  get state(): string[] {
    return [...this.members.values()].map(({ id, value, czxid }) => `${id} ${value} ${czxid}`).sort();
  }
}

const stateOf = (membership: ClusterMembership): string[] =>
  membership
    .members()
    .map(({ id, value, czxid }) => `${id} ${value} ${czxid}`)
    .sort();

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('whatever connections, sessions and members do: events are in order, and tell all in the end', async () => {
  await withSeed('test/recipes/node/membership-storm.test.ts', async (rng) => {
    await using server = await TestServer.start();
    const machines = await Promise.all(
      ['looks', 'a', 'b', 'c'].map(async (id) => {
        const cable = new Cuttable();
        const client = await connect(server.connectString, {
          ports: cable.ports,
          backoff: { baseMs: 1, maxMs: 4 },
          sessionTimeoutMs: 20_000,
        });
        return { id, cable, client, membership: null as ClusterMembership | null, sets: 0 };
      }),
    );
    const [onlooker, ...others] = machines as [(typeof machines)[0], ...typeof machines];
    const seen = await ClusterMembership.start(onlooker.client, PATH);
    const replay = new Replay(seen);
    const join = async (machine: (typeof machines)[0]): Promise<void> => {
      const options = { id: machine.id, value: `${machine.sets++}` };
      machine.membership = await ClusterMembership.start(machine.client, PATH, options);
    };
    const pending: Promise<unknown>[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const machine = rng.pick(others);
      const step = rng.weighted({ join: 4, leave: 2, set: 4, expire: 2, drop: 2, blind: 3, forget: 1 });
      if (step === 'join' && machine.membership === null) await join(machine);
      if (step === 'leave' && machine.membership !== null) {
        await machine.membership.close();
        machine.membership = null;
      }
      if (step === 'set' && machine.membership !== null) {
        pending.push(machine.membership.set(`${machine.sets++}`).catch(() => {}));
      }
      if (step === 'expire') server.expireSession(machine.client.sessionId);
      if (step === 'drop') machine.cable.drop();
      if (step === 'blind') {
        onlooker.cable.cut();
        await turns(rng.below(60));
        onlooker.cable.mend();
      }
      if (step === 'forget') server.expireSession(onlooker.client.sessionId);
      await turns(rng.below(40));
    }
    await Promise.all(pending);
    for (const machine of others) if (machine.membership === null) await join(machine);
    const truth = async (): Promise<string[]> => {
      const nodes = await Promise.all(others.map(({ id, client }) => client.get(`${PATH}/${id}`)));
      return nodes.map(({ data, stat }, i) => `${others[i]!.id} ${data} ${stat.czxid}`).sort();
    };
    // Each is there in its last session with its last value.
    for (const { membership, client, sets } of others) {
      await membership!.set(`${sets}`);
      await whenever(
        (look) => membership!.onOwnState(look),
        () => membership!.ownState === 'present',
      );
      expect((await client.exists(`${PATH}/${membership!.id}`))?.ephemeralOwner).toBe(client.sessionId);
    }
    const expected = await truth();
    await whenever(
      (look) => seen.onChange(look),
      () => JSON.stringify(stateOf(seen)) === JSON.stringify(expected),
    );
    expect([replay.faults, replay.state]).toEqual([[], expected]);
    await Promise.all(others.map(({ membership }) => membership!.close()));
    await whenever(
      (look) => seen.onChange(look),
      () => seen.size === 0,
    );
    expect([replay.faults, replay.state]).toEqual([[], []]);
    await seen.close();
    await Promise.all(machines.map(({ client }) => client.close()));
  });
});
