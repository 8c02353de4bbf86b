import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { connect } from '../../../client/index.ts';
import { InterProcessMutex } from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { buildPackage } from '../../kit/built.ts';

const SESSION_MS = 2_000;

/**
 * Takes the lock and blocks its event loop until it is told to go on, by a byte on its standard input, which it reads without the event
 * loop. Then it says, for each kind of code that can be the first to run, what the signal that it kept says.
 */
const holder = (url: string, address: string) => `
const { readSync } = await import('node:fs');
const { connect, InterProcessMutex } = await import(${JSON.stringify(url)});
const client = await connect(${JSON.stringify(address)}, { sessionTimeoutMs: ${SESSION_MS} });
const lease = await new InterProcessMutex(client, '/blocked').acquire();
const { signal } = lease;
const said = {};
let left = 4;
const say = (what) => {
  said[what] = signal.aborted;
  if (--left === 0) console.log(JSON.stringify(said));
};
signal.addEventListener('abort', () => (said.listener = String(signal.reason.reason)));
setTimeout(() => say('timer'), 20);
setImmediate(() => {
  said.before = signal.aborted;
  Promise.resolve().then(() => say('microtask'));
  setImmediate(() => say('immediate'));
  console.log('holding');
  readSync(0, Buffer.alloc(1));
  say('next');
});
setInterval(() => {}, 1_000);
`;

test('code that runs first after a blocked event loop is told by the signal it kept', async () => {
  using built = buildPackage();
  await using server = await TestServer.start({ tickTimeMs: 100 });
  await using client = await connect(server.connectString);
  const url = pathToFileURL(join(dirname(dirname(built.main)), 'index.js')).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', holder(url, server.connectString)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('holding');
    // It is ours because its session has expired.
    const lease = await new InterProcessMutex(client, '/blocked').acquire();
    child.stdin.write('.');
    const told: unknown = JSON.parse((await lines.next()).value);
    expect(told).toEqual({
      before: false,
      next: true,
      microtask: true,
      timer: true,
      immediate: true,
      listener: 'in-doubt',
    });
    await lease.release();
  } finally {
    child.kill('SIGKILL');
  }
}, 60_000);
