import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OPEN_ACL } from '../../wire/data.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { type BuiltPackage, buildPackage } from '../kit/built.ts';
import { OurServer } from '../kit/our-server.ts';
import { eventually } from '../kit/processes.ts';
import { RawClient } from '../kit/raw-client.ts';
import { type Rng, withSeed } from '../kit/seed.ts';
import { tempDirectory } from '../kit/temp.ts';
import { Writer } from './ledger.ts';

const KILLS = Number(process.env.KILLS ?? 100);

let built: BuiltPackage;
beforeAll(() => {
  built = buildPackage();
});
afterAll(() => built[Symbol.dispose]());

/** A session that lives on across crashes, with a node of its own. */
interface Session {
  readonly id: bigint;
  readonly password: Buffer;
  readonly path: string;
}

async function openSession(port: number, round: number): Promise<Session> {
  const client = await RawClient.connect({ port, timeoutMs: 40_000 });
  const path = `/session-${round}`;
  await client.call(OpCode.create, { path, data: null, acl: [...OPEN_ACL], flags: 1 });
  const session = { id: client.sessionId, password: client.password, path };
  await client.drop();
  return session;
}

/** The session goes on under its id, its node is still there, and closing it takes the node away. */
async function checkSession(port: number, { id, password, path }: Session): Promise<void> {
  const client = await RawClient.connect({ port, sessionId: id, password });
  expect(client.sessionId).toBe(id);
  const { stat } = await client.call(OpCode.exists, { path, watch: false });
  expect(stat.ephemeralOwner).toBe(id);
  await client.close();
}

function writtenBy(writers: readonly Writer[]): number {
  return writers.reduce((sum, { acknowledged, made }) => sum + acknowledged + made.length, 0);
}

// By hand, for longer: KILLS=1000 npx vitest run --project unit test/crash/kill.test.ts
test(
  `killed ${KILLS} times, the server loses nothing acknowledged and shows nothing half`,
  () =>
    withSeed('test/crash/kill.test.ts', async (rng) => {
      await using home = await tempDirectory('zookit-kill-');
      // Small numbers make snapshots and log files change while it is killed; each start removes old ones.
      const configLines = ['snapCount=300', 'autopurge.snapRetainCount=3', 'autopurge.purgeInterval=1'];
      const options = { main: built.main, directory: home.path, configLines };
      const writers = [0, 1, 2].map((id) => new Writer(id));
      let session: Session | null = null;
      for (let round = 0; round <= KILLS; round++) {
        if (rng.chance(15)) await killWhileStarting(rng, options);
        await using server = await OurServer.start(options);
        await using client = await RawClient.connect({ port: server.port });
        if (round === 0) for (const writer of writers) await writer.prepare(client);
        for (const writer of writers) await writer.check(client);
        if (session !== null) await checkSession(server.port, session);
        if (round === KILLS) break;
        session = await openSession(server.port, round);
        const gone = writers.map((writer) => writer.write(server.port));
        const enough = writtenBy(writers) + rng.below(40);
        await eventually('writes are acknowledged', () => writtenBy(writers) >= enough);
        await sleep(rng.below(10));
        await server.kill();
        await Promise.all(gone);
      }
      expect(writtenBy(writers)).toBeGreaterThan(KILLS * 10);
    }),
  Math.max(300_000, KILLS * 3000),
);

/** Recovery itself is killed at any moment, and must have left nothing worse than it found. */
async function killWhileStarting(rng: Rng, options: Parameters<typeof OurServer.spawn>[0]): Promise<void> {
  const child = await OurServer.spawn(options);
  await sleep(rng.below(250));
  await child.stop('SIGKILL');
}
