import { expect } from 'vitest';
import { z } from 'zod';
import {
  ConfigStore,
  LayeredConfig,
  ServiceDiscovery,
  ThreePhaseCommit,
  TwoPhaseCommit,
} from '../../../recipes/index.ts';
import { gate } from '../leader/waiting.ts';
import { Books } from '../transaction/books.ts';
import { pending, type Story, until, untilGone, untilOwned } from './stage.ts';

const schema = z.object({ size: z.number() });

const configStore: Story = {
  recipe: 'ConfigStore',
  begin: async ({ victim, other, path }) => {
    const ours = new ConfigStore(victim.client, path, { schema });
    const theirs = new ConfigStore(other.client, path, { schema });
    await theirs.publish({ size: 1 });
    const sizes: number[] = [];
    const stop = ours.onValue(({ value }) => sizes.push(value.size));
    victim.use({ [Symbol.asyncDispose]: async () => stop() });
    await until('the first value', () => sizes.length === 1);
    return {
      nodes: () => [path],
      meanwhile: () => theirs.publish({ size: 2 }),
      survives: async () => {
        await until('the second value', () => sizes.at(-1) === 2);
        await ours.publish({ size: 3 });
        await until('the third value', () => sizes.at(-1) === 3);
        await other.client.sync();
        expect((await theirs.get()).value).toEqual({ size: 3 });
        expect(sizes).toEqual([1, 2, 3]);
      },
      outlived: async () => {
        await theirs.publish({ size: 3 });
        expect((await theirs.get()).value).toEqual({ size: 3 });
      },
    };
  },
};

const layeredConfig: Story = {
  recipe: 'LayeredConfig',
  begin: async ({ victim, other, path }) => {
    const layers = [`${path}/default`, `${path}/instance`];
    const instance = new ConfigStore(other.client, layers[1]!, {
      schema: z.object({ size: z.number().optional() }),
    });
    await new ConfigStore(other.client, layers[0]!, { schema }).publish({ size: 1 });
    const sizes: number[] = [];
    const stop = new LayeredConfig(victim.client, layers, { schema }).onValue(({ value }) =>
      sizes.push(value.size),
    );
    victim.use({ [Symbol.asyncDispose]: async () => stop() });
    await instance.publish({ size: 2 });
    await until('both layers', () => sizes.at(-1) === 2);
    return {
      nodes: () => [layers[1]!],
      meanwhile: () => instance.publish({ size: 3 }),
      survives: () => until('the upper layer', () => sizes.at(-1) === 3),
      outlived: async () => {
        const theirs = new LayeredConfig(other.client, layers, { schema });
        expect((await theirs.get()).value).toEqual({ size: 3 });
      },
    };
  },
};

const registration: Story = {
  recipe: 'ServiceDiscovery, who registers',
  begin: async ({ victim, other, path }) => {
    const discovery = victim.use(new ServiceDiscovery(victim.client, path));
    const registered = await discovery.register({ name: 'cart', id: 'victim', port: 1 });
    const onlooker = other.use(new ServiceDiscovery(other.client, path));
    const found = await onlooker.cache('cart');
    const ids = () => found.instances.map(({ id }) => id);
    expect(ids()).toEqual(['victim']);
    return {
      nodes: () => [registered.path],
      survives: async () => {
        await untilOwned(other.client, registered.path, victim.client);
        await registered.update({ port: 2 });
        await until('the new port', () => found.instances[0]?.port === 2);
        expect(registered.state).toBe('present');
      },
      outlived: async () => {
        await untilGone(other.client, registered.path);
        await until('nobody', () => ids().length === 0);
      },
    };
  },
};

const provider: Story = {
  recipe: 'ServiceDiscovery, who calls',
  begin: async ({ victim, other, path, fault }) => {
    const services = other.use(new ServiceDiscovery(other.client, path));
    const first = await services.register({ name: 'cart', id: 'first', port: 1 });
    const ours = victim.use(new ServiceDiscovery(victim.client, path));
    const callers = ours.provider('cart');
    const called = () => callers.call(({ id }) => id);
    const changes: string[] = [];
    (await ours.cache('cart')).onChange(({ type, instance }) => changes.push(`${type} ${instance.id}`));
    expect(await called()).toBe('first');
    return {
      nodes: () => [first.path],
      meanwhile: async () => {
        await services.register({ name: 'cart', id: 'second', port: 2 });
        if (fault !== 'node') await first.close();
      },
      survives: async () => {
        const expected = fault === 'node' ? 'first,second' : 'second';
        await until('who is there', async () => {
          const ids = (await callers.getAllInstances()).map(({ id }) => id);
          return ids.sort().join() === expected;
        });
        expect(expected).toContain(await called());
        expect(changes).toContain('added second');
      },
      outlived: async () => {
        expect(await services.provider('cart').call(({ id }) => id)).toBe('second');
      },
    };
  },
};

/** The victim coordinates and has not voted yet. */
function commit(recipe: string, protocol: typeof TwoPhaseCommit | typeof ThreePhaseCommit): Story {
  return {
    recipe,
    begin: async ({ victim, other, path, fault }) => {
      const books = new Books();
      const { opened, open } = gate();
      let asked = false;
      const ours = {
        id: 'victim',
        ...books.handlers('victim', () => {
          asked = true;
          return opened;
        }),
      };
      victim.use(await protocol.start(victim.client, path, { participant: ours, retryMs: 10 }));
      // Closing waits for what is under way.
      victim.use({ [Symbol.asyncDispose]: async () => open() });
      const participant = { id: 'other', ...books.handlers('other') };
      const theirs = other.use(await protocol.start(other.client, path, { participant, retryMs: 10 }));
      const outcome = pending(
        theirs.run('x', {
          id: 't',
          participants: ['victim', 'other'],
          voteTimeoutMs: fault === 'death' ? 500 : 60_000,
          waitFor: fault === 'death' ? 'decision' : 'everybody',
        }),
      );
      await until('the victim is asked', () => asked);
      return {
        survives: async () => {
          open();
          expect((await outcome).decision).toBe('commit');
          expect(books.of('t')).toEqual({ other: 'committed', victim: 'committed' });
        },
        outlived: async () => {
          expect((await outcome).decision).toBe('rollback');
          await until('rolled back', () => books.entry('other', 't') === 'rolled-back');
        },
      };
    },
  };
}

export const services: readonly Story[] = [
  configStore,
  layeredConfig,
  registration,
  provider,
  commit('TwoPhaseCommit', TwoPhaseCommit),
  commit('ThreePhaseCommit', ThreePhaseCommit),
];
