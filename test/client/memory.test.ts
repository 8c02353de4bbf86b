import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { connect } from '../../client/index.ts';
import { TestServer } from '../../testing/index.ts';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

function heapBytes(): number {
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}

/** What a run may leave behind; one object an operation would be many times that. */
const KEPT_BYTES_MAX = 2_000_000;

test('100,000 operations and 10,000 watches leave nothing behind', async () => {
  const warnings: string[] = [];
  const onWarning = (warning: Error) => warnings.push(warning.message);
  process.on('warning', onWarning);
  await using server = await TestServer.start();
  await using client = await connect(server.connectString);
  await client.create('/node', 'data');
  const stop = new AbortController();

  const operations = async (count: number) => {
    for (let i = 0; i < count; i += 1_000) {
      await Promise.all(
        Array.from({ length: 1_000 }, (_, j) =>
          j % 4 === 0
            ? client.get('/node', { signal: stop.signal })
            : j % 4 === 1
              ? client.set('/node', 'data')
              : j % 4 === 2
                ? client.exists('/missing').then(() => undefined)
                : client.get('/missing').catch(() => undefined),
        ),
      );
    }
  };
  const watches = async (count: number) => {
    const off = new AbortController();
    const paths = Array.from({ length: count }, (_, i) => `/watched-${i}`);
    await Promise.all(
      paths.map((path) =>
        client.exists(path, { watch: () => {}, watchSignal: off.signal, signal: stop.signal }),
      ),
    );
    const lasting = await Promise.all(paths.map((path) => client.addWatch(path, () => {})));
    expect(client.watchCounts()).toMatchObject({ exist: { paths: count }, persistent: { paths: count } });
    off.abort();
    await Promise.all(lasting.map((watch) => watch.remove()));
    await client.sync();
    for (const { paths: left, listeners } of Object.values(client.watchCounts())) {
      expect([left, listeners]).toEqual([0, 0]);
    }
  };

  await operations(10_000);
  // Tables that have grown keep their size: a first run of the same width is not counted.
  await watches(10_000);
  const before = heapBytes();
  await operations(100_000);
  await watches(10_000);
  expect(client.connection.session.requests.waiting).toBe(0);
  expect(heapBytes() - before).toBeLessThan(KEPT_BYTES_MAX);
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});
