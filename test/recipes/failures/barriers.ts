import { expect } from 'vitest';
import { CountDownLatch, DistributedBarrier, DistributedDoubleBarrier } from '../../../recipes/index.ts';
import { settledOf, untilChildren } from '../lock/helpers.ts';
import { pending, type Story } from './stage.ts';

const barrier: Story = {
  recipe: 'DistributedBarrier',
  begin: async ({ victim, other, path, fault }) => {
    const [ours, theirs] = [victim, other].map(({ client }) => new DistributedBarrier(client, path)) as [
      DistributedBarrier,
      DistributedBarrier,
    ];
    await ours.set();
    const waiting = [pending(ours.wait()), pending(theirs.wait())] as const;
    return {
      nodes: () => [path],
      survives: async () => {
        if (fault !== 'node') {
          expect(await settledOf(other.client, waiting)).toBe(0);
          await ours.remove();
        }
        await Promise.all(waiting);
      },
      outlived: async () => {
        // It belongs to nobody: who set it may die.
        expect(await settledOf(other.client, [waiting[1]])).toBe(0);
        await theirs.remove();
        await waiting[1];
      },
    };
  },
};

const doubleBarrier: Story = {
  recipe: 'DistributedDoubleBarrier',
  begin: async ({ victim, other, path, fault }) => {
    const ours = new DistributedDoubleBarrier(victim.client, path, 2);
    const entering = pending(ours.enter());
    await untilChildren(other.client, path, 1);
    const theirs = new DistributedDoubleBarrier(other.client, path, 2);
    return {
      survives: async () => {
        let entered = entering;
        if (fault === 'session') {
          await expect(entering).rejects.toMatchObject({ code: 'SessionExpired' });
          entered = ours.enter();
        }
        await Promise.all([entered, theirs.enter()]);
        await Promise.all([ours.leave(), theirs.leave()]);
      },
      outlived: async () => {
        const third = new DistributedDoubleBarrier(other.client, path, 2);
        const first = pending(theirs.enter());
        expect(await settledOf(other.client, [first])).toBe(0);
        await Promise.all([first, third.enter()]);
        await Promise.all([theirs.leave(), third.leave()]);
      },
    };
  },
};

const countDown: Story = {
  recipe: 'CountDownLatch',
  begin: async ({ victim, other, path, fault }) => {
    const ours = new CountDownLatch(victim.client, path, 2);
    const theirs = new CountDownLatch(other.client, path, 2);
    expect(await ours.countDown({ id: 'first' })).toBe(1);
    const waiting = [pending(ours.wait()), pending(theirs.wait())] as const;
    return {
      nodes: () => [`${path}/down-first`],
      survives: async () => {
        expect(await theirs.remaining()).toBe(fault === 'node' ? 2 : 1);
        expect(await ours.countDown({ id: 'first' })).toBe(1);
        expect(await settledOf(other.client, waiting)).toBe(0);
        expect(await ours.countDown({ id: 'second' })).toBe(0);
        await Promise.all(waiting);
      },
      outlived: async () => {
        expect(await settledOf(other.client, [waiting[1]])).toBe(0);
        expect(await theirs.countDown({ id: 'second' })).toBe(0);
        await waiting[1];
      },
    };
  },
};

export const barriers: readonly Story[] = [barrier, doubleBarrier, countDown];
