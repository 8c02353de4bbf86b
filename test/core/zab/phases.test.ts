import { describe, expect, test } from 'vitest';
import { Rng, seedOfRun, withSeed } from '../../kit/seed.ts';
import { type Mistake, ModelCluster, mistakes } from './model.ts';

const RUNS = Number(process.env.RUNS ?? 300);
const RUNS_TO_FIND_MAX = 2_000;
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
      const rng = new Rng(seedOfRun());
      for (let run = 0; run < RUNS_TO_FIND_MAX; run++) {
        try {
          if (!hasSettled(story(rng, mistake))) return;
        } catch {
          return;
        }
      }
      throw new Error(`${RUNS_TO_FIND_MAX} runs did not find it, from seed ${rng.seed}`);
    },
    600_000,
  );
});
