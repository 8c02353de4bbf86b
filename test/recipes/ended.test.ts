import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BuiltPackage, buildPackage } from '../kit/built.ts';

// A client that ends with its session answers every operation at once from then on. Whoever repeats without looking at that keeps its
// process from doing anything else for ever: so the recipes run in one of their own, which can be killed.

const HUNG_MS = 30_000;

/** What is made while the session lives, and what is asked of it when the client has ended with it; the latter has to settle. */
const cases: Readonly<Record<string, readonly [make: string, ask: string]>> = {
  'an atomic number': ["new z.DistributedAtomicLong(client, '/n')", 'made.increment()'],
  'one with receipts': [
    "new z.DistributedAtomicLong(client, '/n', { receiptsPath: '/r' })",
    'made.increment()',
  ],
  'a block of numbers': [
    "new z.CachedAtomicLong(client, new z.DistributedAtomicLong(client, '/n'), 5)",
    'made.next()',
  ],
  'a shared count': ["await z.SharedCount.start(client, '/c', 1)", 'made.trySet(2)'],
  'the start of a shared count': ['null', "z.SharedCount.start(client, '/c', 1)"],
  'a persistent node': ["await z.PersistentNode.start(client, '/p')", "made.set('x')"],
  'the start of a persistent node': ['null', "z.PersistentNode.start(client, '/p')"],
  'a TTL node': ["await z.PersistentTtlNode.start(client, '/t', 60_000)", 'made.close()'],
  'a group member': ["await z.GroupMember.start(client, '/g', 'a')", 'made.close()'],
  'a cache': ["await z.ZNodeCache.start(client, '/')", 'made.sync()'],
  'the start of a cache': ['null', "z.ZNodeCache.start(client, '/')"],
  'a registration': [
    "await new z.ServiceDiscovery(client, '/s').register({ name: 'a', address: 'h' })",
    'made.update({ port: 1 })',
  ],
  'the start of a registration': [
    "new z.ServiceDiscovery(client, '/s')",
    "made.register({ name: 'b', address: 'h', serviceType: 'PERMANENT' })",
  ],
  'a provider': ["new z.ServiceDiscovery(client, '/s').provider('a')", 'made.getInstance()'],
  'a mutex': ["new z.InterProcessMutex(client, '/m')", 'made.acquire()'],
  'a lease': ["await new z.InterProcessMutex(client, '/m').acquire()", 'made.release()'],
  'a semaphore': ["new z.InterProcessSemaphoreV2(client, '/sem', 2)", 'made.acquire()'],
  'a latch': ["await z.LeaderLatch.start(client, '/l')", 'made.leadership()'],
  'a barrier': ["new z.DistributedBarrier(client, '/b')", 'made.set()'],
  'a double barrier': ["new z.DistributedDoubleBarrier(client, '/d', 2)", 'made.enter()'],
  'a count-down latch': ["new z.CountDownLatch(client, '/k', 2)", 'made.countDown()'],
  'a rate limiter': ["new z.RateLimiter(client, '/rl', { permits: 1, intervalMs: 1_000 })", 'made.acquire()'],
  'a queue': ["new z.DistributedQueue(client, '/q', { codec: z.text })", "made.put('a')"],
  'a consumer': [
    "(() => { const q = new z.DistributedQueue(client, '/q', { codec: z.text }); return { ends: q.consume(async () => {}) }; })()",
    'made.ends',
  ],
};

let built: BuiltPackage;
beforeAll(() => {
  built = buildPackage();
});
afterAll(() => built?.[Symbol.dispose]());

const source = `
import * as z from './index.js';
import { TestServer } from './testing/index.js';
const server = await TestServer.start();
async function look(name, make, ask) {
  console.log(name);
  const client = await z.connect(server.connectString, { renewSession: false });
  const made = await make(client);
  const ended = new Promise((resolve) => client.on('end', resolve));
  await server.expireSession(client.sessionId);
  await ended;
  await ask(client, made).catch((error) => {
    if (!/Closed|SessionExpired/.test(error.code)) throw error;
  });
}
${Object.entries(cases)
  .map(
    ([name, [make, ask]]) =>
      `await look(${JSON.stringify(name)}, async (client) => ${make}, async (client, made) => ${ask});`,
  )
  .join('\n')}
await server.close();
console.log('all have settled');
`;

test('no recipe waits for a client that has ended with its session, nor keeps its process', async () => {
  const file = join(dirname(dirname(built.main)), 'ended.mjs');
  writeFileSync(file, source);
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  let last = '';
  let timer: NodeJS.Timeout | undefined;
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => child.kill('SIGKILL'), HUNG_MS);
  };
  heard();
  child.stdout.on('data', (chunk: Buffer) => {
    last = chunk.toString().trim().split('\n').at(-1)!;
    heard();
  });
  const [status, signal] = await once(child, 'close');
  clearTimeout(timer);
  expect({ last, status, signal }).toEqual({ last: 'all have settled', status: 0, signal: null });
}, 120_000);
