import { expect } from 'vitest';
import { text, type ZooKeeperClient } from '../../../client/index.ts';
import {
  CachedAtomicLong,
  DistributedAtomicBigInt,
  DistributedAtomicInteger,
  DistributedAtomicLong,
  DistributedAtomicValue,
  SharedCount,
  SharedValue,
  Snowflake,
  UniqueIds,
} from '../../../recipes/index.ts';
import { type Story, until } from './stage.ts';

const sharedCount: Story = {
  recipe: 'SharedCount',
  begin: async ({ victim, other, path }) => {
    const ours = victim.use(await SharedCount.start(victim.client, path, 1));
    const theirs = other.use(await SharedCount.start(other.client, path, 1));
    return {
      nodes: () => [path],
      meanwhile: () => theirs.set(2),
      survives: async () => {
        await until('the change is seen', () => ours.value === 2);
        expect(await ours.trySet(3)).toBe(true);
        await until('the change is seen by the other', () => theirs.value === 3);
      },
      outlived: async () => expect(await theirs.trySet(3)).toBe(true),
    };
  },
};

const sharedValue: Story = {
  recipe: 'SharedValue',
  begin: async ({ victim, other, path }) => {
    const ours = victim.use(await SharedValue.start(victim.client, path, 'a', { codec: text }));
    const theirs = other.use(await SharedValue.start(other.client, path, 'a', { codec: text }));
    return {
      nodes: () => [path],
      meanwhile: () => theirs.set('b'),
      survives: async () => {
        await until('the change is seen', () => ours.value === 'b');
        await ours.set('c');
        await until('the change is seen by the other', () => theirs.value === 'c');
      },
      outlived: async () => expect(await theirs.trySet('c')).toBe(true),
    };
  },
};

type Long = DistributedAtomicInteger | DistributedAtomicLong | DistributedAtomicBigInt;

/** A number that the victim has raised to 1, and the other then raises, too. */
function atomic(recipe: string, make: (client: ZooKeeperClient, path: string) => Long): Story {
  return {
    recipe,
    begin: async ({ victim, other, path, fault }) => {
      const ours = victim.use(make(victim.client, path));
      const theirs = other.use(make(other.client, path));
      expect((await ours.increment()).succeeded).toBe(true);
      return {
        nodes: () => [path],
        meanwhile: () => theirs.increment(),
        survives: async () => {
          const { succeeded, post } = await ours.increment();
          expect([succeeded, Number(post)]).toEqual([true, fault === 'node' ? 2 : 3]);
          expect(Number((await theirs.decrement()).pre)).toBe(Number(post));
        },
        outlived: async () => expect(Number((await theirs.increment()).post)).toBe(3),
      };
    },
  };
}

const atomicValue: Story = {
  recipe: 'DistributedAtomicValue',
  begin: async ({ victim, other, path, fault }) => {
    const options = { codec: text };
    const ours = victim.use(new DistributedAtomicValue(victim.client, path, options));
    const theirs = other.use(new DistributedAtomicValue(other.client, path, options));
    expect(await ours.compareAndSet(null, 'a')).toMatchObject({ succeeded: true });
    return {
      nodes: () => [path],
      meanwhile: async () => {
        const before = fault === 'node' ? null : 'a';
        expect(await theirs.compareAndSet(before, 'b')).toMatchObject({ succeeded: true });
      },
      survives: async () => {
        expect(await ours.compareAndSet('a', 'c')).toMatchObject({ succeeded: false });
        expect(await ours.compareAndSet('b', 'c')).toMatchObject({ succeeded: true });
        expect(await theirs.compareAndSet('c', 'd')).toMatchObject({ succeeded: true });
      },
      outlived: async () => expect(await theirs.get()).toBe('b'),
    };
  },
};

/** Numbers of which nobody ever gets one twice, unless the node that keeps the count was deleted. */
function unique(
  recipe: string,
  start: (
    client: ZooKeeperClient,
    path: string,
  ) => Promise<{ next(): Promise<number | bigint> } & AsyncDisposable>,
  nodesOf?: (path: string) => readonly string[],
): Story {
  return {
    recipe,
    begin: async ({ victim, other, path, fault }) => {
      const ours = victim.use(await start(victim.client, path));
      const theirs = other.use(await start(other.client, path));
      const seen: (number | bigint)[] = [];
      const take = async (from: typeof ours): Promise<void> => {
        for (let i = 0; i < 5; i++) seen.push(await from.next());
      };
      const counted = (): void => {
        if (fault !== 'node' || nodesOf === undefined) expect(new Set(seen).size).toBe(seen.length);
      };
      await take(ours);
      await take(theirs);
      return {
        ...(nodesOf === undefined ? {} : { nodes: () => nodesOf(path) }),
        meanwhile: () => take(theirs),
        survives: async () => {
          await take(ours);
          await take(theirs);
          counted();
        },
        outlived: async () => {
          await take(theirs);
          await take(other.use(await start(other.client, path)));
          counted();
        },
      };
    },
  };
}

const nothing = { [Symbol.asyncDispose]: async () => {} };

export const counters: readonly Story[] = [
  sharedCount,
  sharedValue,
  atomic('DistributedAtomicInteger', (client, path) => new DistributedAtomicInteger(client, path)),
  atomic('DistributedAtomicLong', (client, path) => new DistributedAtomicLong(client, path)),
  atomic('DistributedAtomicBigInt', (client, path) => new DistributedAtomicBigInt(client, path)),
  atomicValue,
  unique(
    'CachedAtomicLong',
    async (client, path) => {
      const cached = new CachedAtomicLong(client, new DistributedAtomicLong(client, path), 3);
      return { next: () => cached.next(), ...nothing };
    },
    (path) => [path],
  ),
  unique(
    'UniqueIds',
    async (client, path) => {
      const ids = new UniqueIds(client, path, { block: 3 });
      return { next: () => ids.next(), ...nothing };
    },
    (path) => [path],
  ),
  // Three numbers for workers: who is dead frees one, and what it has made is not made again.
  unique('Snowflake', async (client, path) => {
    const ids = await Snowflake.start(client, path, { max: 3 });
    const next = async (): Promise<bigint> => {
      await until('a worker number', () => ids.worker !== null);
      return ids.next();
    };
    return { next, [Symbol.asyncDispose]: () => ids.close() };
  }),
];
