import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OPEN_ACL } from '../../wire/data.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { Writer } from '../crash/ledger.ts';
import { type BuiltPackage, buildPackage } from '../kit/built.ts';
import { fourLetterWord } from '../kit/four-letter.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { OurServer } from '../kit/our-server.ts';
import type { Child } from '../kit/processes.ts';
import { RawClient } from '../kit/raw-client.ts';
import { withSeed } from '../kit/seed.ts';
import { type TempDirectory, tempDirectory } from '../kit/temp.ts';

const present = javaZooKeeper() !== null;
if (!present)
  process.stdout.write('test/interop/alternation.test.ts: skipped, Apache ZooKeeper is not installed\n');

const ROUNDS = Number(process.env.ROUNDS ?? 8);
/** So few transactions a snapshot that several are taken, and logs rolled, in every life. */
const SNAP_COUNT = 100;

let built: BuiltPackage;
beforeAll(() => {
  if (present) built = buildPackage();
});
afterAll(() => built?.[Symbol.dispose]());

interface Running extends AsyncDisposable {
  readonly port: number;
  readonly child: Child;
}

const starters: ((home: TempDirectory) => Promise<Running>)[] = [
  (home) =>
    OurServer.start({
      main: built.main,
      directory: home.path,
      configLines: [`snapCount=${SNAP_COUNT}`, 'preAllocSize=1024'],
    }),
  (home) => JavaServer.start({ dataDir: home.at('data'), properties: [`zookeeper.snapCount=${SNAP_COUNT}`] }),
];

async function mismatches(port: number): Promise<string | undefined> {
  return /^zk_digest_mismatches_count\t(\d+)$/m.exec(await fourLetterWord(port, 'mntr'))?.[1];
}

describe.skipIf(!present)('one directory, served by us and by Apache ZooKeeper in turn', () => {
  test(`${ROUNDS} lives, each ended by SIGKILL: nothing acknowledged is lost, digests match, sessions go on`, () =>
    withSeed('test/interop/alternation.test.ts', async (rng) => {
      await using home = await tempDirectory('zookit-alternation-');
      const writers = [0, 1, 2].map((id) => new Writer(id));
      let owner: RawClient | null = null;
      for (let life = 0; life <= ROUNDS; life++) {
        await using server = await (starters[life % 2] as (typeof starters)[0])(home);
        const { port } = server;
        const client = await RawClient.connect({ port });
        if (life === 0) for (const writer of writers) await writer.prepare(client);
        for (const writer of writers) await writer.check(client);
        expect(await mismatches(port)).toBe('0');

        // A session that began with the first life, with a node more from each.
        const before: RawClient | null = owner;
        owner = await RawClient.connect(
          before === null
            ? { port, timeoutMs: 40_000 }
            : { port, sessionId: before.sessionId, password: before.password },
        );
        if (before !== null) expect(owner.sessionId).toBe(before.sessionId);
        const path = `/life-${life}`;
        await owner.call(OpCode.create, { path, data: null, acl: [...OPEN_ACL], flags: 1 });
        const { children } = await client.call(OpCode.getChildren, { path: '/', watch: false });
        const lives = (children ?? []).filter((name) => name.startsWith('life-'));
        expect(lives.sort()).toEqual(Array.from({ length: life + 1 }, (_, at) => `life-${at}`).sort());

        const gone = writers.map((writer) => writer.write(port));
        await sleep(300 + rng.below(700));
        expect(await mismatches(port)).toBe('0');
        await server.child.stop('SIGKILL');
        await Promise.all(gone);
      }
    }));
});
