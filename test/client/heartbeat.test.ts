import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../client/index.ts';
import { InterProcessMutex } from '../../recipes/index.ts';
import { TestServer } from '../../testing/index.ts';
import { type BuiltPackage, buildPackage } from '../kit/built.ts';

const SESSION_MS = 2_000;
/** Several times what a session lasts. */
const BLOCKED_MS = 7_000;

interface Report {
  readonly sessionId: string;
  /** The first things that ran after the block, before anything could arrive. */
  readonly atOnce: { readonly aborted: boolean; readonly held: boolean; readonly safeForMs: number };
  readonly later: {
    readonly sessionId: string;
    readonly states: string[];
    readonly events: string[];
    readonly data: string;
  };
}

/** A process that holds a lock, is blocked, and then says what it knows. */
const blocked = (url: string, address: string, lock: string, options: string) => `
const { connect, InterProcessMutex } = await import(${JSON.stringify(url)});
const client = await connect(${JSON.stringify(address)}, { sessionTimeoutMs: ${SESSION_MS}, ${options} });
const states = [], events = [];
client.on('state', (state) => states.push(state));
client.on('doubt', () => events.push('doubt'));
client.on('away', (awayMs) => events.push(awayMs >= ${BLOCKED_MS} - 500 ? 'away' : 'away ' + awayMs));
const lease = await new InterProcessMutex(client, '${lock}').acquire();
const id = () => String(client.sessionId);
const sessionId = id();
lease.signal.addEventListener('abort', () => events.push('aborted ' + lease.signal.reason.reason));
console.log('blocking');
await new Promise((resolve) => process.stdout.write('', resolve));
// Requests that were sent before are answered while nobody looks.
const asked = client.get('/');
await new Promise((resolve) => setImmediate(resolve));
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${BLOCKED_MS});
const atOnce = { safeForMs: client.safeForMs, held: lease.held, aborted: lease.signal.aborted };
const data = await asked.then(() => 'answered', (error) => error.code);
// What was on its way when a session ended fails; then there is another.
await client.sync().catch(() => client.sync());
console.log(JSON.stringify({ sessionId, atOnce, later: { sessionId: id(), states, events, data } }));
await lease.release();
await client.close();
`;

describe('a process whose event loop is blocked for longer than its session', () => {
  let built: BuiltPackage;
  let server: TestServer;
  let locks = 0;
  beforeAll(async () => {
    built = buildPackage();
    server = await TestServer.start();
  }, 120_000);
  afterAll(async () => {
    built?.[Symbol.dispose]();
    await server?.close();
  });

  test.concurrent('goes on in the same session with another thread when its own has died, and closes while that happens', async () => {
    const url = pathToFileURL(join(dirname(dirname(built.main)), 'index.js')).href;
    const source = `
const { connect } = await import(${JSON.stringify(url)});
const threads = [];
process.on('worker', (worker) => threads.push(worker));
const client = await connect(${JSON.stringify(server.connectString)}, { keepAliveWhileBlockedMs: 60_000 });
const states = [];
const back = new Promise((resolve) => client.on('state', (state) => {
  states.push(state);
  if (state === 'reconnected') resolve();
}));
const { path } = await client.create('/dies-', '', { mode: 'ephemeral-sequential' });
const { sessionId } = client;
await threads[0].terminate();
await back;
const same = client.sessionId === sessionId && (await client.exists(path)) !== null;
console.log(JSON.stringify({ same, states, threads: threads.length }));
threads[1].terminate();
await client.close();`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
      const said: string[] = [];
      for await (const line of createInterface({ input: child.stdout })) said.push(line);
      expect(said.map((line) => JSON.parse(line))).toEqual([
        { same: true, states: ['suspended', 'reconnected'], threads: 2 },
      ]);
      expect(await ended).toBe(0);
    } finally {
      child.kill('SIGKILL');
    }
  });

  /** Runs such a process while somebody else waits for its lock; `took` is whether that one had it before the process was back. */
  async function run(options: string): Promise<{ report: Report; took: boolean; status: number | null }> {
    await using client = await connect(server.connectString);
    const lock = `/lock-${locks++}`;
    const url = pathToFileURL(join(dirname(dirname(built.main)), 'index.js')).href;
    const source = blocked(url, server.connectString, lock, options);
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
      let took = false;
      let report: Report | null = null;
      let waiting: Promise<unknown> = Promise.resolve();
      for await (const line of createInterface({ input: child.stdout })) {
        if (line !== 'blocking') {
          report = JSON.parse(line) as Report;
          continue;
        }
        waiting = new InterProcessMutex(client, lock).acquire().then((lease) => {
          took = report === null;
          return lease.release();
        });
      }
      await waiting;
      return { report: report!, took, status: await ended };
    } finally {
      child.kill('SIGKILL');
    }
  }

  test.concurrent('keeps it with a heartbeat, and learns on its lease that it was away before anything else', async () => {
    const { report, took, status } = await run('keepAliveWhileBlockedMs: 60_000');
    expect([status, took]).toEqual([0, false]);
    expect(report.atOnce).toEqual({ aborted: true, held: false, safeForMs: 0 });
    expect(report.later.sessionId).toBe(report.sessionId);
    expect(report.later.states).toEqual([]);
    expect(report.later.events).toEqual(['aborted in-doubt', 'doubt', 'away']);
    expect(report.later.data).toBe('answered');
  });

  test.concurrent('loses it without one', async () => {
    const { report, took, status } = await run('');
    expect([status, took]).toEqual([0, true]);
    expect(report.atOnce).toEqual({ aborted: true, held: false, safeForMs: 0 });
    expect(report.later.sessionId).not.toBe(report.sessionId);
  });

  test.concurrent('loses it after the time for which the heartbeat is to last', async () => {
    const { report, took, status } = await run('keepAliveWhileBlockedMs: 1_500');
    expect([status, took]).toEqual([0, true]);
    expect(report.atOnce).toMatchObject({ aborted: true, held: false });
    expect(report.later.sessionId).not.toBe(report.sessionId);
  });
});
