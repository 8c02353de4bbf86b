import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OpCode } from '../../wire/opcodes.ts';
import { readRecording } from '../golden/recording.ts';
import { type BuiltPackage, buildPackage } from '../kit/built.ts';
import { OurServer } from '../kit/our-server.ts';
import { type Rng, withSeed } from '../kit/seed.ts';
import { tempDirectory } from '../kit/temp.ts';
import { type Reaction, sendAnything, sendHonestFrames } from './attack.ts';
import { Witness } from './witness.ts';

const FRAMES = Number(process.env.FRAMES ?? 100_000);
const AT_ONCE = 8;
const MEGABYTE = 1024 * 1024;

let built: BuiltPackage;
beforeAll(() => {
  built = buildPackage();
});
afterAll(() => built[Symbol.dispose]());

const recorded = readRecording().exchanges.filter(({ type, request }) => request !== null && type !== null);
// One that ends the session early would keep the rest of its connection from being looked at; it still comes up by mutation.
const bodies = recorded
  .filter(({ type }) => type !== OpCode.closeSession)
  .map(({ request }) => Buffer.from(request ?? '', 'hex'));

function somebodies(rng: Rng): Buffer[] {
  return Array.from({ length: rng.between(1, 80) }, () =>
    rng.chance(10) ? rng.bytes(rng.below(100)) : rng.pick(bodies),
  );
}

/** Resident memory of a process, where the system tells. */
function residentBytes(pid: number): number | null {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}

// By hand, for longer: FRAMES=1000000 npx vitest run --project unit test/fuzz/connection.test.ts
test(
  `${FRAMES} spoiled frames: the server answers or hangs up, and serves others`,
  () =>
    withSeed('test/fuzz/connection.test.ts', async (rng) => {
      await using home = await tempDirectory('zookit-fuzz-');
      await using server = await OurServer.start({
        main: built.main,
        directory: home.path,
        configLines: ['forceSync=no', 'snapCount=5000', 'autopurge.snapRetainCount=3'],
      });
      await using witness = await Witness.start(server.port);
      const reactions = new Map<Reaction, number>();
      let frames = 0;
      let warmBytes: number | null = null;
      while (frames < FRAMES) {
        const attacks = Array.from({ length: AT_ONCE }, () => {
          const own = rng.fork();
          const some = somebodies(own);
          frames += some.length;
          return own.chance(80)
            ? sendHonestFrames(server.port, own, some)
            : sendAnything(server.port, own, some);
        });
        await witness.round();
        for (const reaction of await Promise.all(attacks)) {
          reactions.set(reaction, (reactions.get(reaction) ?? 0) + 1);
        }
        if (server.child.hasExited) throw new Error(`the server ended:\n${server.child.output.slice(-3000)}`);
        if (warmBytes === null && frames > FRAMES / 3) warmBytes = residentBytes(server.child.pid);
      }
      await witness.round();
      expect(reactions.get('silent') ?? 0).toBe(0);
      expect(reactions.get('answered')).toBeGreaterThan(0);
      expect(reactions.get('hung up')).toBeGreaterThan(0);
      expect(reactions.get('left')).toBeGreaterThan(0);
      const bytes = residentBytes(server.child.pid);
      if (warmBytes !== null && bytes !== null) expect(bytes - warmBytes).toBeLessThan(96 * MEGABYTE);
    }),
  300_000,
);
