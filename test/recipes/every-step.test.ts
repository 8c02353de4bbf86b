import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../client/index.ts';
import {
  HerdLock,
  type InterProcessLock,
  InterProcessMultiLock,
  InterProcessMutex,
  InterProcessReadWriteLock,
  InterProcessSemaphoreMutex,
  InterProcessSemaphoreV2,
} from '../../recipes/index.ts';
import { TestServer } from '../../testing/index.ts';
import { CountedSteps } from '../kit/effects.ts';

/** More steps than any scenario has; reaching it means that the scenario did not end. */
const STEPS_MAX = 200;

interface Scene {
  readonly server: TestServer;
  readonly client: ZooKeeperClient;
  readonly stop: AbortController;
  readonly steps: CountedSteps;
}

/** What may happen at a step. */
const interruptions: Record<string, (scene: Scene) => void> = {
  'the signal aborts': ({ stop }) => stop.abort(new Error('interrupted')),
  'the client is closed': ({ client }) => void client.close(),
  'the connection breaks': ({ steps }) => steps.cut(),
  'the session expires on the server': ({ server, client }) => void server.expireSession(client.sessionId),
};

interface LockKind {
  lockOf(client: ZooKeeperClient, path: string): Pick<InterProcessLock, 'acquire'>;
  /** How many nodes there are of the lock. */
  nodes(client: ZooKeeperClient, path: string): Promise<number>;
}

const inLine = async (client: ZooKeeperClient, path: string) =>
  (await new InterProcessMutex(client, path).participants()).length;

/** Everybody who holds or waits for permits, or stands in line to ask for them. */
const askers = async (client: ZooKeeperClient, path: string) =>
  (await new InterProcessSemaphoreMutex(client, path).participants()).length +
  (await inLine(client, `${path}/locks`));

const lineOf = async (client: ZooKeeperClient, path: string) => {
  const { readLock, writeLock } = new InterProcessReadWriteLock(client, path);
  return (await readLock.participants()).length + (await writeLock.participants()).length;
};

/** Locks that are acquired in different ways. */
const locks: Record<string, LockKind> = {
  'a mutex': { lockOf: (client, path) => new InterProcessMutex(client, path), nodes: inLine },
  'a mutex with a delay': {
    lockOf: (client, path) => new InterProcessMutex(client, path, { lockDelayMs: 1 }),
    nodes: inLine,
  },
  'a write lock that is downgraded': {
    lockOf: (client, path) => {
      const { readLock, writeLock } = new InterProcessReadWriteLock(client, path);
      return {
        acquire: async (options) => {
          await using lease = await writeLock.acquire(options);
          return await readLock.acquire({ ...options, lease });
        },
      };
    },
    nodes: lineOf,
  },
  'all permits of a semaphore': {
    lockOf: (client, path) => {
      const semaphore = new InterProcessSemaphoreV2(client, path, 2);
      return { acquire: (options) => semaphore.acquireMany(2, options) };
    },
    nodes: askers,
  },
  'a multi-lock': {
    lockOf: (client, path) =>
      new InterProcessMultiLock([
        new InterProcessMutex(client, `${path}/first`),
        new InterProcessMutex(client, `${path}/second`),
      ]),
    nodes: async (client, path) =>
      (await inLine(client, `${path}/first`)) + (await inLine(client, `${path}/second`)),
  },
  'a herd lock': {
    lockOf: (client, path) => new HerdLock(client, path),
    nodes: async (client, path) => ((await client.exists(path)) === null ? 0 : 1),
  },
};

describe.each(Object.entries(locks))('%s interrupted at every step', (kind, { lockOf, nodes }) => {
  let server: TestServer;
  let other: ZooKeeperClient;
  beforeAll(async () => {
    server = await TestServer.start();
    other = await connect(server.connectString);
  });
  afterAll(async () => {
    await other.close();
    await server.close();
  });

  for (const [name, interrupt] of Object.entries(interruptions)) {
    for (const contended of kind === 'a mutex' ? [false, true] : [true]) {
      test(`${name}, ${contended ? 'behind another holder' : 'alone'}: no node, no watch, no second holder`, async () => {
        let last = 0;
        for (let at = 0; at === last && at < STEPS_MAX; at++) {
          const path = `/${`${kind} ${name}`.replaceAll(' ', '-')}/${contended}-${at}`;
          const steps = new CountedSteps();
          const client = await connect(server.connectString, {
            ports: steps.ports,
            backoff: { baseMs: 1, maxMs: 2 },
          });
          const stop = new AbortController();
          const base = steps.steps;
          let interrupted = false;
          steps.onStep = (step) => {
            if (interrupted || step - base < at) return;
            interrupted = true;
            interrupt({ server, client, stop, steps });
          };
          let theirs = 0;
          let ours = 0;
          const held = contended ? await lockOf(other, path).acquire() : null;
          if (held !== null) theirs++;
          const waiting = lockOf(client, path)
            .acquire({ signal: stop.signal })
            .then(async (lease) => {
              if (!lease.signal.aborted) expect([++ours, theirs]).toEqual([1, 0]);
              // One more round trip while it is held.
              await client.sync().catch(() => {});
              ours--;
              await lease.release();
            });
          const settled = Promise.allSettled([waiting]);
          if (held !== null) {
            let over = false;
            void settled.then(() => {
              over = true;
            });
            // In line, or watching the one who holds it.
            while (!over && client.watchCounts().data.listeners === 0) await other.sync();
            theirs--;
            await held.release();
          }
          const [result] = await settled;
          if (result!.status === 'rejected') {
            const { reason } = result as PromiseRejectedResult;
            const known = ['Closed', 'SessionExpired', 'LeaseEnded', 'ConnectionLoss'].includes(reason.code);
            expect(known || reason.message === 'interrupted', String(reason)).toBe(true);
          }
          while ((await nodes(other, path)) > 0) await other.sync();
          // Nobody is in the way of who comes next.
          await (await lockOf(other, path).acquire({ timeoutMs: 5_000 })).release();
          await client.sync().catch(() => {});
          expect(client.watchCounts()).toMatchObject({
            data: { listeners: 0 },
            exist: { listeners: 0 },
            child: { listeners: 0 },
          });
          await client.close();
          if (interrupted) last = at + 1;
        }
        expect(last).toBeGreaterThan(5);
        expect(last).toBeLessThan(STEPS_MAX);
      });
    }
  }
});
