import { describe, expect, test } from 'vitest';
import { makeZxid } from '../../../wire/ids.ts';
import { Rng, withSeed } from '../../kit/seed.ts';
import { Checker, type Mistake, ModelCluster, mistakes } from './model.ts';

const RUNS = Number(process.env.RUNS ?? 300);
const RUNS_TO_FIND_MAX = 5_000;
/**
 * The seeds of the first stories that find the mistakes that few stories find, one in two thousand even: where they are looked for, so
 * that neither chance nor time decides. Stories that are told anew find them elsewhere, and take longer until that is written here.
 */
const FOUND_AT: Partial<Record<Mistake, number>> = {
  'acceptedEpoch is forgotten in a crash': 149,
  'currentEpoch is written when the epoch is accepted': 36,
  'a promise to another leader of the same epoch counts': 61,
  'a learner that needs a snapshot hides what it has': 2_583,
};
const STORM_STEPS = 1_500;
const CALM_STEPS = 20_000;
const TRACE_LINES = 120;

function hasSettled(cluster: ModelCluster): boolean {
  const [leader, ...others] = cluster.up.filter(({ isServing }) => isServing);
  return (
    leader !== undefined &&
    others.length === cluster.servers.length - 1 &&
    cluster.servers.every(
      ({ applied, history }) => applied === cluster.checker.committed.length && history.length === applied,
    )
  );
}

const describeServers = ({ servers }: ModelCluster): string =>
  servers
    .map((server) => {
      const role = server.leader !== null ? 'leader' : server.learner !== null ? 'learner' : 'looking';
      const { id, history, applied, disk, isServing } = server;
      return `${id}: ${role}${isServing ? ' serving' : ''}, ${applied} of ${history.length}, epochs ${disk.acceptedEpoch} ${disk.currentEpoch}`;
    })
    .join('; ');

function story(rng: Rng, mistake: Mistake | null = null): ModelCluster {
  const cluster = new ModelCluster(rng.pick([3, 3, 5]), rng.fork(), mistake);
  explained(cluster, () => {
    for (let i = 0; i < STORM_STEPS; i++) cluster.step(false);
    for (let i = 0; i < CALM_STEPS && !hasSettled(cluster); i++) cluster.step(true);
  });
  return cluster;
}

/** An error gains the end of the story. */
function explained(cluster: ModelCluster, action: () => void): void {
  try {
    action();
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${cluster.trace.slice(-TRACE_LINES).join('\n')}`, {
      cause: error,
    });
  }
}

describe('any three or five servers, through crashes and cut connections', () => {
  test(`never lose or reorder what was committed, and agree in the end, ${RUNS} runs`, async () => {
    let acknowledged = 0;
    await withSeed('test/core/zab/phases.test.ts', (rng) => {
      for (let run = 0; run < RUNS; run++) {
        const cluster = story(rng);
        expect(hasSettled(cluster), `run ${run} does not settle: ${describeServers(cluster)}`).toBe(true);
        acknowledged += cluster.checker.acknowledged;
      }
    });
    expect(acknowledged).toBeGreaterThan(RUNS * 20);
  }, 3_600_000);

  test.each(mistakes)(
    'are found out where %s',
    (mistake) => {
      const first = FOUND_AT[mistake] ?? 1;
      for (let seed = first; seed < first + RUNS_TO_FIND_MAX; seed++) {
        try {
          if (!hasSettled(story(new Rng(seed), mistake))) return;
        } catch {
          return;
        }
      }
      throw new Error(`${RUNS_TO_FIND_MAX} runs did not find it, from seed ${first}`);
    },
    600_000,
  );
});

test('a leader lacks what was committed before its epoch, not what a later one has committed already', () => {
  const checker = new Checker();
  const entry = { zxid: makeZxid(10, 1), value: 1, bytes: Buffer.alloc(0) };
  checker.committed.push(entry);
  expect(() => checker.leads({ id: 4 }, [], 9)).not.toThrow();
  expect(() => checker.leads({ id: 4 }, [entry], 11)).not.toThrow();
  expect(() => checker.leads({ id: 4 }, [], 11)).toThrow('leader 4 lacks the committed');
});
