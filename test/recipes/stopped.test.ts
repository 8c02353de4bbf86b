import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { connect } from '../../client/index.ts';
import { InterProcessMutex } from '../../recipes/index.ts';
import { TestServer } from '../../testing/index.ts';
import { buildPackage } from '../kit/built.ts';

/** Holds the lock and says, as often as it gets to run, whether it thinks so by the lease's signal and by the clock. */
const holder = (url: string, address: string) => `
const { connect, InterProcessMutex } = await import(${JSON.stringify(url)});
const client = await connect(${JSON.stringify(address)}, { sessionTimeoutMs: 2000 });
const lease = await new InterProcessMutex(client, '/stopped').acquire();
const say = () => console.log(JSON.stringify([Date.now(), lease.signal.aborted, lease.held]));
console.log('holding');
setInterval(say, 1);
`;

test('a process that was stopped while the lock passed to another never again believes that it holds it', async () => {
  using built = buildPackage();
  await using server = await TestServer.start({ tickTimeMs: 100 });
  await using client = await connect(server.connectString);
  const url = pathToFileURL(join(dirname(dirname(built.main)), 'index.js')).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', holder(url, server.connectString)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const lines = createInterface({ input: child.stdout });
    const said: [number, boolean, boolean][] = [];
    let saidAborted: () => void = () => {};
    const aborted = new Promise<void>((resolve) => {
      saidAborted = resolve;
    });
    const first = once(lines, 'line');
    lines.on('line', (line) => {
      if (line === 'holding') return;
      const report = JSON.parse(line) as [number, boolean, boolean];
      said.push(report);
      if (report[1]) saidAborted();
    });
    expect(await first).toEqual(['holding']);
    const mutex = new InterProcessMutex(client, '/stopped');
    const ours = mutex.acquire();
    while ((await mutex.participants()).length < 2) await client.sync();
    child.kill('SIGSTOP');
    const lease = await ours;
    const grantedMs = Date.now();
    child.kill('SIGCONT');
    await aborted;
    expect(said.filter(([atMs, gone]) => atMs < grantedMs && gone)).toEqual([]);
    const after = said.filter(([atMs]) => atMs >= grantedMs);
    expect(after.length).toBeGreaterThan(0);
    for (const [, gone, held] of after) expect([gone, held]).toEqual([true, false]);
    await lease.release();
  } finally {
    child.kill('SIGKILL');
  }
}, 60_000);
