import { expect } from 'vitest';
import { text, type ZooKeeperClient } from '../../../client/index.ts';
import {
  DistributedDelayQueue,
  DistributedIdQueue,
  DistributedPriorityQueue,
  DistributedQueue,
  type Queue,
  SimpleDistributedQueue,
} from '../../../recipes/index.ts';
import { gate } from '../leader/waiting.ts';
import { pending, type Story, until } from './stage.ts';

/** A queue of texts, and how to put one. */
interface Kind {
  readonly queue: Queue<string>;
  readonly put: (item: string) => Promise<void>;
}

/** The victim has an item in hand when the fault strikes: that one comes again, no other does, and none is lost. */
function atLeastOnce(recipe: string, make: (client: ZooKeeperClient, path: string) => Kind): Story {
  return {
    recipe,
    begin: async ({ victim, other, path, fault }) => {
      const [ours, theirs] = [make(victim.client, path), make(other.client, path)];
      victim.use(ours.queue);
      other.use(theirs.queue);
      for (const item of ['a', 'b', 'c']) await ours.put(item);
      const handled: string[] = [];
      let inHand: string | null = null;
      const released = gate();
      pending(
        ours.queue.consume(async (item, { signal }) => {
          if (inHand === null) {
            inHand = item;
            await new Promise<void>((resolve, reject) => {
              signal.addEventListener('abort', () => reject(signal.reason));
              if (signal.aborted) reject(signal.reason);
              void released.opened.then(resolve);
            });
          }
          handled.push(item);
        }),
      );
      await until('an item in hand', () => inHand !== null);
      const all = async (): Promise<void> => {
        await until('everything handled', () => new Set(handled).size === 4);
        await until('nothing left', async () => (await theirs.queue.size()) === 0);
        expect(new Set(handled)).toEqual(new Set(['a', 'b', 'c', 'd']));
        expect(await theirs.queue.poison()).toEqual([]);
      };
      return {
        // The item stays, the mark of who has it in hand goes.
        nodes: async () => {
          const locks = `${path}-locks`;
          return (await other.client.children(locks)).map((name) => `${locks}/${name}`);
        },
        meanwhile: () => theirs.put('d'),
        survives: async () => {
          if (fault === 'node') {
            // Anybody may take the item now, which is not told to who has it in hand.
            pending(theirs.queue.consume((item) => void handled.push(item)));
            await until('the item handled by the other', () => handled.includes(inHand!));
            released.open();
          }
          await all();
          const again = fault === 'node' ? 1 : 0;
          await until('the victim done', () => handled.length === 4 + again);
          expect(handled.filter((item) => item === inHand).length).toBe(1 + again);
        },
        outlived: async () => {
          pending(theirs.queue.consume((item) => void handled.push(item)));
          await all();
          expect(handled.length).toBe(4);
        },
      };
    },
  };
}

const simple: Story = {
  recipe: 'SimpleDistributedQueue',
  begin: async ({ victim, other, path, fault }) => {
    const options = { codec: text };
    const ours = victim.use(new SimpleDistributedQueue(victim.client, path, options));
    const theirs = other.use(new SimpleDistributedQueue(other.client, path, options));
    await theirs.offer('first');
    expect(await ours.take()).toBe('first');
    const waiting = pending(ours.take());
    await victim.client.sync();
    return {
      nodes: () => [path],
      meanwhile: () => theirs.offer('second'),
      survives: async () => {
        if (fault === 'session') {
          const item = await waiting.catch((error: unknown) => {
            expect(error).toMatchObject({ code: 'SessionExpired' });
            return ours.take();
          });
          expect(item).toBe('second');
        } else expect(await waiting).toBe('second');
        await ours.offer('third');
        expect(await theirs.take()).toBe('third');
        expect(await theirs.poll()).toBeNull();
      },
      outlived: async () => {
        expect(await theirs.take()).toBe('second');
        expect(await theirs.poll()).toBeNull();
      },
    };
  },
};

export const queues: readonly Story[] = [
  atLeastOnce('DistributedQueue', (client, path) => {
    const queue = new DistributedQueue<string>(client, path);
    return { queue, put: (item) => queue.put(item) };
  }),
  atLeastOnce('DistributedIdQueue', (client, path) => {
    const queue = new DistributedIdQueue<string>(client, path);
    return { queue, put: (item) => queue.put(item, `id-${item}`) };
  }),
  atLeastOnce('DistributedPriorityQueue', (client, path) => {
    const queue = new DistributedPriorityQueue<string>(client, path);
    return { queue, put: (item) => queue.put(item, item.charCodeAt(0)) };
  }),
  atLeastOnce('DistributedDelayQueue', (client, path) => {
    const queue = new DistributedDelayQueue<string>(client, path);
    return { queue, put: (item) => queue.put(item, client.ports.wallMs()) };
  }),
  simple,
];
