import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../../client/index.ts';
import { InterProcessMutex } from '../../../recipes/index.ts';
import { type BuiltPackage, buildPackage } from '../../kit/built.ts';
import { eventually } from '../../kit/processes.ts';
import { type Rng, withSeed } from '../../kit/seed.ts';
import { Contenders } from './contenders.ts';
import { Judge } from './judge.ts';
import { harmedProcesses, restartedServer } from './servers.ts';

const DURATION_S = Number(process.env.DURATION_S ?? 5);
/** One server that restarts, or three processes. */
const SERVERS = Number(process.env.SERVERS ?? 1);
const CONTENDERS = 4;
/** Writes that must be accepted when the harm is over. */
const WRITES_AT_REST = 50;
const LIMIT_MS = 120_000;
const PATH = '/nemesis/lock';

let built: BuiltPackage;
beforeAll(() => {
  built = buildPackage();
});
afterAll(() => built[Symbol.dispose]());

async function play(rng: Rng): Promise<void> {
  const { main } = built;
  await using servers =
    SERVERS === 1 ? await restartedServer(rng.fork()) : await harmedProcesses(main, rng.fork());
  await using judge = await Judge.start();
  const { connectString, sessionTimeoutMs } = servers;
  const options = {
    url: pathToFileURL(join(dirname(dirname(main)), 'index.js')).href,
    connectString,
    path: PATH,
    judge,
    sessionTimeoutMs,
    lockDelayMs: rng.chance(50) ? 100 : undefined,
  };
  await using contenders = new Contenders(options, rng.fork());
  try {
    await contenders.start(CONTENDERS);
    await Promise.all([servers.run(DURATION_S * 1000), contenders.harm(DURATION_S * 1000)]);
    await servers.calm();
    const enough = judge.accepted + WRITES_AT_REST;
    await eventually('holders write again', () => judge.accepted >= enough, LIMIT_MS);
    await contenders.end();
    // Of those who were killed, nothing stays either.
    await using client = await connect(connectString);
    const mutex = new InterProcessMutex(client, PATH);
    await eventually('the line is empty', async () => (await mutex.participants()).length === 0, LIMIT_MS);
    expect(judge.violations).toEqual([]);
    expect(judge.holders).toBeGreaterThan(CONTENDERS);
  } catch (error) {
    const told = [...judge.violations, '-- servers', ...servers.story, '-- contenders', ...contenders.story];
    throw new Error(`${error}\n${told.join('\n')}`, { cause: error });
  }
  const { holders, accepted, refused } = judge;
  process.stdout.write(`${holders} holders, ${accepted} writes accepted, ${refused} refused\n`);
}

// By hand, for longer: DURATION_S=600 SERVERS=3 npx vitest run --project unit test/nemesis/locks/locks.test.ts
test(
  `holders and servers that are killed and stopped for ${DURATION_S} s: one holder per token, and none that believes too long`,
  () => withSeed('test/nemesis/locks/locks.test.ts', play),
  DURATION_S * 4_000 + 400_000,
);
