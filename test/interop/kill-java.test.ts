import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Writer } from '../crash/ledger.ts';
import { type BuiltPackage, buildPackage } from '../kit/built.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { OurServer } from '../kit/our-server.ts';
import { RawClient } from '../kit/raw-client.ts';
import { withSeed } from '../kit/seed.ts';
import { tempDirectory } from '../kit/temp.ts';

const KILLS = 6;

let built: BuiltPackage;
beforeAll(() => {
  built = buildPackage();
});
afterAll(() => built[Symbol.dispose]());

test.skipIf(javaZooKeeper() === null)(
  'Apache ZooKeeper goes on where zookit was killed, and zookit where Apache ZooKeeper was killed',
  () =>
    withSeed('test/interop/kill-java.test.ts', async (rng) => {
      await using home = await tempDirectory('zookit-kill-java-');
      const dataDir = home.at('data');
      const writers = [0, 1].map((id) => new Writer(id));
      for (let round = 0; round <= KILLS; round++) {
        await using server =
          round % 2 === 0
            ? await OurServer.start({
                main: built.main,
                directory: home.path,
                configLines: ['snapCount=300'],
              })
            : await JavaServer.start({ dataDir, configLines: ['snapCount=300'] });
        await using client = await RawClient.connect({ port: server.port });
        if (round === 0) for (const writer of writers) await writer.prepare(client);
        for (const writer of writers) await writer.check(client);
        if (round === KILLS) break;
        const gone = writers.map((writer) => writer.write(server.port));
        await sleep(150 + rng.below(250));
        await server.child.stop('SIGKILL');
        await Promise.all(gone);
      }
      const written = writers.reduce((sum, { acknowledged, made }) => sum + acknowledged + made.length, 0);
      expect(written).toBeGreaterThan(100);
    }),
);
