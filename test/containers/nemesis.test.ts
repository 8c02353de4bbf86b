import { beforeAll, describe, expect, test } from 'vitest';
import { withSeed } from '../kit/seed.ts';
import { dockerOrReason, startContainers } from '../nemesis/containers.ts';
import { playRound, wordsOf } from '../nemesis/round.ts';
import { buildImage, IMAGE } from './image.ts';

const DURATION_S = Number(process.env.DURATION_S ?? 180);
/** A history is checked this often. */
const ROUND_S = 30;
const docker = await dockerOrReason();
if (typeof docker === 'string') process.stdout.write(`test/containers skipped: ${docker}\n`);

describe.skipIf(typeof docker === 'string')('containers', () => {
  beforeAll(buildImage);

  // Three and five servers take half of the time each. For longer: DURATION_S=1800 npm run test:containers
  for (const servers of [3, 5]) {
    const durationS = DURATION_S / 2;
    test(
      `${servers} servers that are killed, paused and disconnected for ${durationS} s lose nothing`,
      () =>
        withSeed('test/containers/nemesis.test.ts', async (rng) => {
          if (typeof docker === 'string') return;
          await using cluster = await startContainers(docker, IMAGE, servers);
          for (let round = 0; round * ROUND_S < durationS; round++) {
            const faultsMs = Math.min(ROUND_S, durationS - round * ROUND_S) * 1000;
            const report = await playRound(cluster, rng, { workers: 6, faultsMs, root: `/round-${round}` });
            process.stdout.write(`${servers} servers, round ${round}: ${wordsOf(report)}\n`);
            expect(report.faults).toBeGreaterThan(0);
          }
        }),
      durationS * 8_000 + 600_000,
    );
  }
});
