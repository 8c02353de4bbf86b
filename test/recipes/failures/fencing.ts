import RedisMock from 'ioredis-mock';
import { expect } from 'vitest';
import { FencedRedis, fencedSet, InterProcessMutex, type Lease } from '../../../recipes/index.ts';
import { ended } from '../lock/helpers.ts';
import { keepsNodes, pending, type Stage, type Story } from './stage.ts';

/** The victim writes under a lock; afterwards the other one has the lock and writes, and the victim's late write is refused. */
function fenced(
  recipe: string,
  open: (stage: Stage) => Promise<{
    write(by: 'victim' | 'other', lease: Lease, value: string): Promise<unknown>;
    read(): Promise<string | null>;
  }>,
): Story {
  return {
    recipe,
    begin: async (stage) => {
      const { victim, other, path, fault } = stage;
      const store = await open(stage);
      const lease = await new InterProcessMutex(victim.client, `${path}/lock`).acquire();
      await store.write('victim', lease, 'a');
      const next = pending(new InterProcessMutex(other.client, `${path}/lock`).acquire());
      const takeOver = async (): Promise<void> => {
        const second = await next;
        await store.write('other', second, 'b');
        const late = store.write('victim', lease, 'late');
        await expect(late).rejects.toMatchObject({ code: 'FencedOut' });
        expect(await store.read()).toBe('b');
        await second.release();
      };
      return {
        nodes: () => [lease.path],
        survives: async () => {
          await ended(lease);
          if (keepsNodes(fault)) await lease.release();
          await takeOver();
        },
        outlived: async () => {
          const second = await next;
          await store.write('other', second, 'b');
          expect(await store.read()).toBe('b');
          await second.release();
        },
      };
    },
  };
}

export const fencing: readonly Story[] = [
  fenced('fencedSet', async ({ victim, other, path }) => {
    await other.client.create(`${path}/data`, '', { parents: true });
    return {
      write: (by, lease, value) =>
        fencedSet((by === 'victim' ? victim : other).client, lease, `${path}/data`, value),
      read: async () => String((await other.client.get(`${path}/data`)).data),
    };
  }),
  fenced('FencedRedis', async ({ path }) => {
    const redis = new RedisMock({ keyPrefix: path });
    const store = new FencedRedis(redis, { resource: 'account' });
    return {
      // The token alone, as of a process that has not noticed anything yet.
      write: (_, { fencingToken }, value) => store.with({ fencingToken }).set('key', value),
      read: () => redis.get('key'),
    };
  }),
];
