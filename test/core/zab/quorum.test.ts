import { describe, expect, test } from 'vitest';
import { type EnsembleConfig, noEnsemble } from '../../../core/config.ts';
import { Hierarchical, Majority, type QuorumVerifier, quorumOf } from '../../../core/zab/quorum.ts';
import { type Rng, withSeed } from '../../kit/seed.ts';

const FILE = 'test/core/zab/quorum.test.ts';

function serverLine(id: number, role: 'participant' | 'observer' = 'participant') {
  const addresses = [{ host: 'host', quorumPort: 2888, electionPort: 3888 }];
  return { id, addresses, role, clientAddress: null, secureClientAddress: null };
}

function ensembleOf(parts: Partial<EnsembleConfig>): EnsembleConfig {
  return { ...noEnsemble, ...parts };
}

/** Every set of these servers. */
function subsets(servers: readonly number[]): Set<number>[] {
  return Array.from(
    { length: 2 ** servers.length },
    (_, bits) => new Set(servers.filter((_, at) => (bits >> at) & 1)),
  );
}

/** What makes quorums safe, by looking at every pair of sets. */
function expectSafe(quorum: QuorumVerifier): void {
  const all = subsets(quorum.voters);
  const quorums = all.filter((servers) => quorum.contains(servers));
  expect(quorum.contains(new Set())).toBe(false);
  expect(quorum.contains(new Set(quorum.voters))).toBe(true);
  for (const one of quorums) {
    for (const other of quorums) {
      const shared = [...one].filter((server) => other.has(server) && quorum.weightOf(server) > 0);
      if (shared.length === 0)
        throw new Error(`quorums {${[...one]}} and {${[...other]}} share no server that counts`);
    }
    for (const more of quorum.voters) expect(quorum.contains(new Set([...one, more]))).toBe(true);
    expect(quorum.contains(new Set([...one, 99]))).toBe(true);
  }
}

function randomGroups(rng: Rng): Hierarchical | null {
  let server = 0;
  const groups = Array.from({ length: rng.between(1, 4) }, (_, id) => ({
    id,
    weights: new Map(Array.from({ length: rng.between(1, 2) }, () => [++server, rng.below(4)])),
  }));
  const counts = groups.some(({ weights }) => [...weights.values()].some((weight) => weight > 0));
  return counts ? new Hierarchical(groups) : null;
}

describe('quorums', () => {
  test('a majority is more than half, and any two share a server', () => {
    for (let count = 1; count <= 7; count++) {
      expectSafe(new Majority(Array.from({ length: count }, (_, at) => at + 1)));
    }
    expect(new Majority([1, 2, 3, 4]).contains(new Set([1, 2]))).toBe(false);
    expect(new Majority([1, 2, 3]).contains(new Set([1, 4, 5]))).toBe(false);
    expect(new Majority([1, 2]).weightOf(2)).toBe(1);
    expect(new Majority([1, 2]).weightOf(3)).toBe(0);
  });

  test('any two quorums of groups and weights share a server that counts', () =>
    withSeed(FILE, (rng) => {
      for (let run = 0; run < 150; run++) {
        const quorum = randomGroups(rng);
        if (quorum !== null) expectSafe(quorum);
      }
    }));

  test('a quorum has most of the groups, and in each of them most of the weight', () => {
    const groups = [1, 2, 3].map((id) => ({
      id,
      weights: new Map([1, 2, 3].map((server) => [(id - 1) * 3 + server, 1])),
    }));
    const quorum = new Hierarchical(groups);
    // Four of nine servers are enough when they stand well, six are too few when they do not.
    expect(quorum.contains(new Set([1, 2, 4, 5]))).toBe(true);
    expect(quorum.contains(new Set([1, 2, 3, 4, 7]))).toBe(false);
    expect(quorum.contains(new Set([1, 2, 3, 4, 7, 99]))).toBe(false);
    const heavy = new Hierarchical([
      { id: 1, weights: new Map([1, 2, 3].map((server) => [server, server])) },
    ]);
    expect(heavy.contains(new Set([3]))).toBe(false);
    expect(heavy.contains(new Set([3, 1]))).toBe(true);
    expect(heavy.contains(new Set([1, 2]))).toBe(false);
  });

  test('groups and servers that weigh nothing are not counted', () => {
    const quorum = new Hierarchical([
      {
        id: 1,
        weights: new Map([
          [1, 1],
          [2, 0],
        ]),
      },
      {
        id: 2,
        weights: new Map([
          [3, 0],
          [4, 0],
        ]),
      },
    ]);
    expect(quorum.contains(new Set([1]))).toBe(true);
    expect(quorum.contains(new Set([2, 3, 4]))).toBe(false);
    expect([1, 2, 3, 4, 5].map((server) => quorum.weightOf(server))).toEqual([1, 0, 0, 0, 0]);
  });

  test('groups that cannot be are refused with what to do', () => {
    const one = { id: 1, weights: new Map([[1, 1]]) };
    expect(() => new Hierarchical([one, { ...one, id: 2 }])).toThrow(/in one group.N only/);
    expect(() => new Hierarchical([{ id: 1, weights: new Map([[1, 0]]) }])).toThrow(/weight.N above 0/);
    expect(() => new Hierarchical([{ id: 1, weights: new Map([[1, -1]]) }])).toThrow(/correct weight.1/);
  });
});

describe('quorumOf', () => {
  const servers = [serverLine(1), serverLine(2), serverLine(3), serverLine(4, 'observer')];

  test('takes a majority of the participants where there are no groups', () => {
    const quorum = quorumOf(ensembleOf({ servers }));
    expect(quorum.voters).toEqual([1, 2, 3]);
    expect(quorum.contains(new Set([1, 4]))).toBe(false);
    expect(quorum.contains(new Set([1, 2]))).toBe(true);
    expect(quorum.weightOf(4)).toBe(0);
  });

  test('takes groups and weights, 1 where nothing is said, and leaves observers out of them', () => {
    const groups = [{ id: 1, servers: [1, 2, 3, 4] }];
    const weights = [
      { server: 1, weight: 3 },
      { server: 4, weight: 9 },
    ];
    const quorum = quorumOf(ensembleOf({ servers, groups, weights }));
    expect(quorum.voters).toEqual([1, 2, 3]);
    expect([1, 2, 3, 4].map((server) => quorum.weightOf(server))).toEqual([3, 1, 1, 0]);
    expect(quorum.contains(new Set([1]))).toBe(true);
    expect(quorum.contains(new Set([2, 3, 4]))).toBe(false);
  });

  test('refuses an ensemble that has no voter, or groups that do not fit it', () => {
    expect(() => quorumOf(noEnsemble)).toThrow(/at least one server.N must be a participant/);
    expect(() => quorumOf(ensembleOf({ servers, groups: [{ id: 1, servers: [1, 2] }] }))).toThrow(/server 3/);
    expect(() => quorumOf(ensembleOf({ servers, groups: [{ id: 1, servers: [1, 2, 3, 7] }] }))).toThrow(
      /add server.7/,
    );
    expect(() => quorumOf(ensembleOf({ servers, groups: [{ id: 1, servers: [1, 1, 2, 3] }] }))).toThrow(
      /twice/,
    );
  });
});
