import { spawn } from 'node:child_process';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestServer } from '../../testing/index.ts';
import { writeConnectResponse } from '../../wire/connect.ts';
import { type BuiltPackage, buildPackage } from '../kit/built.ts';

/**
 * Far longer than a process needs to notice that it has nothing to do, shorter than the timers that could keep it: a ping comes
 * after 9 s, and what can be given a time has an hour.
 */
const EXIT_MS_MAX = 8_000;

interface Ran {
  readonly status: number | null;
  readonly stderr: string;
  /** Timers that would have kept the process when the script was through. */
  readonly timers: number;
  /** From the script's last line to the end of the process; null if it had to be killed. */
  readonly lingeredMs: number | null;
}

let built: BuiltPackage;

/** Runs a module with `zookit` and `address` in scope; its last word is a line with the number of its timers. */
function run(script: string, address: string): Promise<Ran> {
  const url = pathToFileURL(join(dirname(dirname(built.main)), 'index.js'));
  const source = `const zookit = await import(${JSON.stringify(url.href)});
const { connect } = zookit; const address = ${JSON.stringify(address)};
${script}
await new Promise((resolve) => setImmediate(resolve));
console.log(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length);`;
  const child = spawn(
    process.execPath,
    ['--unhandled-rejections=strict', '--input-type=module', '-e', source],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  return new Promise((resolve) => {
    let stderr = '';
    let stdout = '';
    let doneMs = 0;
    let killed = false;
    let timer: NodeJS.Timeout | undefined;
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      doneMs = performance.now();
      timer = setTimeout(() => {
        killed = true;
        child.kill('SIGKILL');
      }, EXIT_MS_MAX);
    });
    child.on('close', (status) => {
      clearTimeout(timer);
      const lingeredMs = killed || doneMs === 0 ? null : performance.now() - doneMs;
      resolve({ status, stderr, timers: Number(stdout), lingeredMs });
    });
  });
}

/** A server that does with its connections what the test wants. */
async function listen(
  onConnection: (socket: Socket) => void,
): Promise<{ server: Server; address: string; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, sockets, address: `127.0.0.1:${address.port}` };
}

function grant(socket: Socket): void {
  const body = writeConnectResponse({
    protocolVersion: 0,
    timeOut: 30_000,
    sessionId: 5n,
    passwd: Buffer.alloc(16),
    readOnly: false,
  });
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  socket.write(Buffer.concat([length, body]));
}

describe('a process ends by itself', () => {
  let server: TestServer;
  beforeAll(async () => {
    built = buildPackage();
    server = await TestServer.start();
  }, 120_000);
  afterAll(async () => {
    built?.[Symbol.dispose]();
    await server?.close();
  });

  /** `closed`: whether the script has waited for everything, so that no timer is left when it is through. */
  const exits = async (script: string, address = server.connectString, closed = true): Promise<void> => {
    const { status, stderr, timers, lingeredMs } = await run(script, address);
    const expected = { status: 0, stderr: '', ended: true, left: 0 };
    expect({ status, stderr, ended: lingeredMs !== null, left: closed ? timers : 0 }).toEqual(expected);
  };

  test('after work and close, with everything that can be pending', async () => {
    await exits(`const client = await connect(address, { closeTimeoutMs: 3_600_000 });
const mutex = new zookit.InterProcessMutex(client, '/exit');
const lease = await mutex.acquire({ timeoutMs: 3_600_000 });
mutex.acquire({ timeoutMs: 3_600_000 }).catch(() => {});
mutex.acquire({ signal: AbortSignal.timeout(3_600_000) }).catch(() => {});
await client.addWatch('/exit', () => {}, { recursive: true });
const changes = client.watch('/exit');
await changes.next();
client.get('/exit').catch(() => {});
await client.close();
await client.close();`);
  });

  test('after work through a namespace, typed nodes, a circuit breaker and the ensemble’s configuration', async () => {
    await exits(`const client = await connect(address, { closeTimeoutMs: 3_600_000, followConfig: true });
const app = client.namespace('app');
await app.ensurePath('/');
const breaker = new zookit.CircuitBreaker(app, { policy: zookit.retryForever(3_600_000) });
app.on('state', () => {});
await app.addWatch('/', () => {}, { recursive: true });
await app.get('/', { watch: () => {} });
const nodes = app.typed('/svc/{id}', zookit.text);
await nodes.create({ id: 'a' }, 'x', { parents: true });
const changes = nodes.watch({ id: 'a' });
await changes.next();
const last = changes.next();
zookit.retry(zookit.retryForever(10), () => client.get('/')).catch(() => {});
await app.close();
if (!client.connected) throw new Error('the namespace closed the session');
await client.close();
if (!(await last).done) throw new Error('a watch goes on');
for (const kind of Object.values(client.watchCounts())) if (kind.paths > 0) throw new Error('a watch is left');`);
  });

  test('after the close of a client whose connection lives in a thread, and a connect that failed there', async () => {
    await exits(`const keepAliveWhileBlockedMs = 3_600_000;
const client = await connect(address, { keepAliveWhileBlockedMs });
await client.create('/thread-' + process.pid, 'x'.repeat(100_000));
if ((await client.get('/thread-' + process.pid)).data.length !== 100_000) throw new Error('not the data');
await client.close();
await connect('127.0.0.1:1', { keepAliveWhileBlockedMs, connectTimeoutMs: 200 }).then(() => { throw new Error('connected'); }, () => {});
const left = process.getActiveResourcesInfo().filter((name) => /Worker|MessagePort|TCP/.test(name));
if (left.length > 0) throw new Error(left.join());`);
  });

  test('after a close that nobody waits for', async () => {
    await exits(
      `const client = await connect(address, { closeTimeoutMs: 3_600_000 }); client.close();`,
      server.connectString,
      false,
    );
  });

  test('after a connect that failed in each way', async () => {
    const { server: mute, address, sockets } = await listen(() => {});
    await exits(
      `const failed = async (...args) => { try { await connect(...args); } catch (e) { return e; } throw new Error('connected'); };
const connectTimeoutMs = 200;
await failed('127.0.0.1:1', { connectTimeoutMs });
await failed(address, { connectTimeoutMs });
await failed(address, { connectTimeoutMs: 60_000, signal: AbortSignal.timeout(100) });
await failed(address, { signal: AbortSignal.abort() });
await failed('', {});
// An address for documentation: nobody answers, or it is refused at once.
await failed('192.0.2.1:2181', { connectTimeoutMs });`,
      address,
    );
    for (const socket of sockets) socket.destroy();
    mute.close();
  });

  test('after the close of a connection whose server has stopped reading', async () => {
    const {
      server: deaf,
      address,
      sockets,
    } = await listen((socket) =>
      socket.once('data', () => {
        grant(socket);
        socket.pause();
      }),
    );
    await exits(
      `const client = await connect(address, { closeTimeoutMs: 100 });
for (let i = 0; i < 40; i++) client.set('/a', Buffer.alloc(900_000)).catch(() => {});
await new Promise((resolve) => setImmediate(resolve));
await client.close();`,
      address,
    );
    for (const socket of sockets) socket.destroy();
    deaf.close();
  });
});
