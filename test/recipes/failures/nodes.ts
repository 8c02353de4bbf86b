import { expect } from 'vitest';
import { text } from '../../../client/index.ts';
import {
  ClusterMembership,
  GroupMember,
  NameRegistry,
  PersistentNode,
  PersistentTtlNode,
  RateLimiter,
  SetPartitioner,
  ZNodeCache,
} from '../../../recipes/index.ts';
import { Floor, items } from '../node/partitioner-suite.ts';
import { type Actor, keepsNodes, type Story, until, untilGone, untilOwned } from './stage.ts';

const persistentNode: Story = {
  recipe: 'PersistentNode',
  begin: async ({ victim, other, path, fault }) => {
    const node = victim.use(await PersistentNode.start(victim.client, path, 'a'));
    const { czxid } = (await other.client.exists(path))!;
    return {
      survives: async () => {
        await untilOwned(other.client, path, victim.client);
        expect((await other.client.exists(path))!.czxid === czxid).toBe(keepsNodes(fault));
        await node.set('b');
        await other.client.sync();
        expect(String((await other.client.get(path)).data)).toBe('b');
      },
      outlived: () => untilGone(other.client, path),
    };
  },
};

const ttlNode: Story = {
  recipe: 'PersistentTtlNode',
  begin: async ({ victim, other, path }) => {
    const node = victim.use(await PersistentTtlNode.start(victim.client, path, 500, 'a'));
    return {
      nodes: () => [path],
      survives: async () => {
        await until('it is there', async () => (await other.client.exists(path)) !== null);
        await node.set('b');
        // On a busy machine it may miss its time, and is made again.
        await until('its data', async () => {
          const node = await other.client.get(path).catch(() => null);
          return String(node?.data) === 'b';
        });
      },
      outlived: () => untilGone(other.client, path),
    };
  },
};

const groupMember: Story = {
  recipe: 'GroupMember',
  begin: async ({ victim, other, path }) => {
    const ours = victim.use(await GroupMember.start(victim.client, path, 'victim', 'a'));
    const theirs = other.use(await GroupMember.start(other.client, path, 'other', 'a'));
    const seen = (member: GroupMember): string =>
      [...member.members()]
        .map(([id, data]) => `${id} ${data}`)
        .sort()
        .join();
    return {
      meanwhile: () => theirs.set('b'),
      survives: async () => {
        await untilOwned(other.client, ours.pathOf('victim'), victim.client);
        await ours.set('c');
        for (const member of [ours, theirs]) await until('both', () => seen(member) === 'other b,victim c');
      },
      outlived: () => until('one', () => seen(theirs) === 'other b'),
    };
  },
};

const membership: Story = {
  recipe: 'ClusterMembership',
  begin: async ({ victim, other, path }) => {
    const join = async ({ client }: Actor, id: string): Promise<ClusterMembership> =>
      ClusterMembership.start(client, path, { id, value: 'a' });
    const ours = victim.use(await join(victim, 'victim'));
    const theirs = other.use(await join(other, 'other'));
    const seen = (view: ClusterMembership): string =>
      view
        .members()
        .map(({ id, value }) => `${id} ${value}`)
        .sort()
        .join();
    return {
      meanwhile: () => theirs.set('b'),
      survives: async () => {
        await untilOwned(other.client, `${path}/victim`, victim.client);
        await ours.set('c');
        for (const view of [ours, theirs]) await until('both', () => seen(view) === 'other b,victim c');
      },
      outlived: () => until('one', () => seen(theirs) === 'other b'),
    };
  },
};

const partitioner: Story = {
  recipe: 'SetPartitioner',
  begin: async ({ victim, other, path }) => {
    const floor = new Floor();
    const join = async (actor: Actor, id: string): Promise<void> => {
      const options = { id, settleMs: 10, work: floor.work(id) };
      actor.use(await SetPartitioner.start(actor.client, path, items, options));
    };
    await join(victim, 'victim');
    await join(other, 'other');
    const half = items.length / 2;
    const shared = () => floor.until({ victim: half, other: half });
    await shared();
    return {
      // Who is not among the members any more has to give its parts away, and comes back.
      nodes: () => [`${path}/members/victim`],
      survives: async () => {
        await shared();
        expect(floor.faults).toEqual([]);
      },
      outlived: async () => {
        await floor.until({ other: items.length });
        expect(floor.faults).toEqual([]);
      },
    };
  },
};

const rateLimiter: Story = {
  recipe: 'RateLimiter',
  begin: async ({ victim, other, path }) => {
    const options = { permits: 1, intervalMs: 1_000 };
    const ours = victim.use(new RateLimiter(victim.client, path, options));
    const theirs = other.use(new RateLimiter(other.client, path, options));
    await ours.acquire();
    const [permit] = await victim.client.getEphemerals(path);
    return {
      nodes: () => [permit!],
      survives: async () => {
        await theirs.acquire();
        await ours.acquire();
      },
      outlived: () => theirs.acquire(),
    };
  },
};

const nameRegistry: Story = {
  recipe: 'NameRegistry',
  begin: async ({ victim, other, path, fault }) => {
    const ours = victim.use(new NameRegistry(victim.client, path, { codec: text }));
    const theirs = other.use(new NameRegistry(other.client, path, { codec: text }));
    let registration = await ours.register('name', 'a');
    return {
      nodes: () => [registration.path],
      survives: async () => {
        if (!keepsNodes(fault)) {
          await until('the name is lost', () => registration.signal.aborted);
          expect(registration.signal.reason).toMatchObject({ code: 'NameLost' });
          registration = await ours.register('name', 'a');
        }
        expect(registration.signal.aborted).toBe(false);
        await expect(theirs.register('name', 'x')).rejects.toMatchObject({ code: 'NameTaken' });
        await registration.update('b');
        await until('the new value', async () => (await theirs.lookup('name')) === 'b');
      },
      outlived: async () => {
        await until('the name is free', async () => (await theirs.lookup('name')) === null);
        expect((await theirs.register('name', 'b')).signal.aborted).toBe(false);
      },
    };
  },
};

const cache: Story = {
  recipe: 'ZNodeCache',
  begin: async ({ victim, other, path }) => {
    const write = async (...names: string[]): Promise<void> => {
      for (const name of names) await other.client.create(`${path}/${name}`, 'a', { parents: true });
    };
    await write('stays', 'goes', 'changes');
    const start = async (actor: Actor): Promise<ZNodeCache> =>
      actor.use(await ZNodeCache.start(actor.client, path, { scope: 'tree' }));
    const ours = await start(victim);
    const theirs = await start(other);
    const seen = (view: ZNodeCache): string =>
      [...view]
        .map((node) => `${node.path.slice(path.length)} ${node.data}`)
        .sort()
        .join();
    return {
      nodes: () => [path],
      meanwhile: async () => {
        await other.client.deleteRecursive(`${path}/goes`).catch(() => {});
        await write('comes');
        for (const name of ['changes', 'stays']) {
          await other.client.create(`${path}/${name}`, 'a').catch(() => {});
        }
        await other.client.set(`${path}/changes`, 'b');
      },
      survives: async () => {
        for (const view of [ours, theirs]) {
          await until('the tree', () => seen(view) === ' ,/changes b,/comes a,/stays a');
        }
        await until('current', () => ours.current);
      },
      outlived: () => until('the tree', () => seen(theirs) === ' ,/changes b,/comes a,/stays a'),
    };
  },
};

export const nodes: readonly Story[] = [
  persistentNode,
  ttlNode,
  groupMember,
  membership,
  partitioner,
  rateLimiter,
  nameRegistry,
  cache,
];
