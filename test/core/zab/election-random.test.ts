import { describe, expect, test } from 'vitest';
import { calmStart, chaosThenCalm } from '../../kit/election-story.ts';
import type { Elector, MakeElector } from '../../kit/election-world.ts';
import { makeElector } from '../../kit/election-world.ts';
import { Rng, withSeed } from '../../kit/seed.ts';

const FILE = 'test/core/zab/election-random.test.ts';
/** More with `RUNS=…`. */
const RUNS = Number(process.env.RUNS ?? 60);

/** Runs a story with its own seed, which an error names: `STORY=…` runs that one alone. */
function tell(seed: number, make: MakeElector): void {
  for (const story of [calmStart, chaosThenCalm]) {
    try {
      story(new Rng(seed), make);
    } catch (error) {
      throw new Error(
        `${(error as Error).message}\n${story.name}: STORY=${seed} npx vitest run --project unit ${FILE}`,
        {
          cause: error,
        },
      );
    }
  }
}

/** An elector with some of its methods replaced. */
function altered(elector: Elector, changes: Partial<Elector>): Elector {
  return new Proxy(elector, {
    get: (target, key) => {
      const change = changes[key as keyof Elector];
      if (change !== undefined) return change;
      const value = target[key as keyof Elector];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const mistakes: Record<string, MakeElector> = {
  'it does not name the epoch that is led, as others do (ZOOKEEPER-1732)': (parts, effects) => {
    const elector = makeElector(parts, effects);
    return parts.serverId % 2 === 0 ? elector : altered(elector, { updateEpoch: () => {} });
  },
  'it does not answer once it has decided': (parts, effects) =>
    makeElector(parts, {
      ...effects,
      send: (to, notification) => {
        if (notification.state === 'looking') effects.send(to, notification);
      },
    }),
  'it compares zxids before epochs': (parts, effects) => {
    const swapped = <T extends { zxid: number; peerEpoch: number }>(vote: T): T => {
      return { ...vote, zxid: vote.peerEpoch, peerEpoch: vote.zxid };
    };
    const elector = makeElector(parts, {
      ...effects,
      send: (to, notification) => effects.send(to, swapped(notification)),
    });
    return altered(elector, {
      begin: ({ lastZxid, currentEpoch }, nowMs) =>
        elector.begin({ lastZxid: currentEpoch, currentEpoch: lastZxid }, nowMs),
      receive: (from, notification, nowMs) => elector.receive(from, swapped(notification), nowMs),
      updateEpoch: () => {},
    });
  },
  'half of the voters are enough for it': (parts, effects) => {
    const { voters } = parts.quorum;
    const contains = (servers: ReadonlySet<number>) =>
      voters.filter((voter) => servers.has(voter)).length * 2 >= voters.length - 1;
    const weightOf = (server: number) => parts.quorum.weightOf(server);
    return makeElector({ ...parts, quorum: { voters, contains, weightOf } }, effects);
  },
  'it counts votes of earlier rounds': (parts, effects) => {
    const elector = makeElector(parts, effects);
    return altered(elector, {
      receive: (from, notification, nowMs) => {
        const electionEpoch = Math.max(notification.electionEpoch, elector.vote.electionEpoch);
        elector.receive(from, { ...notification, electionEpoch }, nowMs);
      },
    });
  },
  'it does not hear of connections that end': (parts, effects) =>
    altered(makeElector(parts, effects), { peerGone: () => {} }),
  'it never waits for a better vote': (parts, effects) =>
    makeElector({ ...parts, finalizeWaitMs: 0 }, effects),
  'it forgets votes that come just before it looks itself': (parts, effects) => {
    const elector = makeElector(parts, effects);
    return altered(elector, {
      receive: (from, notification, nowMs) => {
        const isEarly = elector.state !== 'looking' && notification.state === 'looking';
        elector.receive(from, notification, nowMs);
        if (isEarly) elector.receive(from, { ...notification, state: 'observing' }, nowMs);
      },
    });
  },
  'it says things once': (parts, effects) =>
    makeElector({ ...parts, minIntervalMs: 1e9, maxIntervalMs: 1e9 }, effects),
  'it keeps to its vote when it hears a better one in the same round': (parts, effects) => {
    const elector = makeElector(parts, effects);
    return altered(elector, {
      receive: (from, notification, nowMs) => {
        const isOther = notification.leader !== elector.vote.leader;
        if (notification.state === 'looking' && elector.state === 'looking' && isOther) return;
        elector.receive(from, notification, nowMs);
      },
    });
  },
};

describe('electors on simulated links', () => {
  test('agree, and go on quickly after a crash', () =>
    withSeed(FILE, (rng) => {
      const one = process.env.STORY;
      if (one !== undefined) tell(Number(one), makeElector);
      else for (let run = 0; run < RUNS; run++) tell(rng.next(), makeElector);
    }));

  test.each(Object.keys(mistakes))('a mistake is found: %s', (name) => {
    const found = Array.from({ length: 200 }, (_, seed) => seed).some((seed) => {
      try {
        tell(seed, mistakes[name]!);
        return false;
      } catch {
        return true;
      }
    });
    expect(found).toBe(true);
  });
});
