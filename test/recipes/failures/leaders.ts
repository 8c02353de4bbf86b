import { expect } from 'vitest';
import { LeaderLatch, LeaderSelector, type Lease, ScheduledLeaderTask } from '../../../recipes/index.ts';
import { ended } from '../lock/helpers.ts';
import { type Actor, keepsNodes, type Story, until } from './stage.ts';

const latch: Story = {
  recipe: 'LeaderLatch',
  begin: async ({ victim, other, path, fault }) => {
    const ours = victim.use(await LeaderLatch.start(victim.client, path, { id: 'victim' }));
    const first = await ours.leadership();
    const theirs = other.use(await LeaderLatch.start(other.client, path, { id: 'other' }));
    return {
      nodes: () => [ours.ourPath],
      survives: async () => {
        await ended(first);
        if (keepsNodes(fault)) {
          const again = await ours.leadership();
          expect(again.fencingToken).toBe(first.fencingToken);
          expect(theirs.hasLeadership).toBe(false);
          await again.release();
        }
        const second = await theirs.leadership();
        expect(second.fencingToken).toBeGreaterThan(first.fencingToken);
        await until('both in line', async () => (await theirs.participants()).length === 2);
        await second.release();
        expect((await ours.leadership()).fencingToken).toBeGreaterThan(second.fencingToken);
      },
      outlived: async () => {
        expect((await theirs.leadership()).fencingToken).toBeGreaterThan(first.fencingToken);
      },
    };
  },
};

const selector: Story = {
  recipe: 'LeaderSelector',
  begin: async ({ victim, other, path }) => {
    const terms: { readonly id: string; readonly lease: Lease }[] = [];
    const stand = async (actor: Actor, id: string): Promise<LeaderSelector> =>
      actor.use(
        await LeaderSelector.start(actor.client, path, {
          id,
          autoRequeue: true,
          takeLeadership: async (lease) => {
            terms.push({ id, lease });
            await ended(lease);
          },
        }),
      );
    const term = async (count: number, id: string): Promise<void> => {
      await until(`term ${count}`, () => terms.length >= count);
      expect(terms[count - 1]!.id).toBe(id);
      const tokens = terms.map(({ lease }) => lease.fencingToken);
      expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b));
    };
    const ours = await stand(victim, 'victim');
    await term(1, 'victim');
    const theirs = await stand(other, 'other');
    return {
      nodes: () => [ours.ourPath],
      survives: async () => {
        // Who has led goes to the end of the line, whatever ended it.
        await term(2, 'other');
        await until('both in line', async () => (await theirs.participants()).length === 2);
        expect(theirs.interrupt()).toBe(true);
        await term(3, 'victim');
      },
      outlived: () => term(2, 'other'),
    };
  },
};

const task: Story = {
  recipe: 'ScheduledLeaderTask',
  begin: async ({ victim, other, path }) => {
    const runs: { readonly id: string; readonly dueMs: number }[] = [];
    const stand = async (actor: Actor, id: string): Promise<ScheduledLeaderTask> =>
      actor.use(
        await ScheduledLeaderTask.start(actor.client, path, {
          id,
          schedule: { everyMs: 50 },
          guarantee: 'at-most-once',
          run: ({ dueMs }) => void runs.push({ id, dueMs }),
        }),
      );
    const ours = await stand(victim, 'victim');
    await until('the first run', () => runs.length > 0);
    const theirs = await stand(other, 'other');
    const more = async (): Promise<void> => {
      const before = runs.length;
      await until('more runs', () => runs.length >= before + 3);
      const due = runs.map(({ dueMs }) => dueMs);
      expect(due).toEqual([...new Set(due)].sort((a, b) => a - b));
    };
    return {
      nodes: async () => [(await theirs.participants())[0]!.path],
      survives: async () => {
        await more();
        // Whoever runs it now, the other one goes on when that one leaves.
        await until('both in line', async () => (await theirs.participants()).length === 2);
        await (ours.hasLeadership ? ours : theirs).close();
        await more();
      },
      outlived: async () => {
        await more();
        expect(runs.at(-1)!.id).toBe('other');
      },
    };
  },
};

export const leaders: readonly Story[] = [latch, selector, task];
