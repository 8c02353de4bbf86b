import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../client/index.ts';
import { InterProcessMutex } from '../../recipes/index.ts';
import { TestServer } from '../../testing/index.ts';
import { CountedSteps } from '../kit/effects.ts';

/** More steps than any scenario has; reaching it means that the scenario did not end. */
const STEPS_MAX = 200;

/** Resolves when a directory is empty or missing. */
async function untilEmpty(client: ZooKeeperClient, path: string): Promise<void> {
  for (;;) {
    let changed: () => void = () => {};
    const change = new Promise<void>((resolve) => {
      changed = resolve;
    });
    const stat = await client.exists(path);
    if (stat === null) return;
    const names = await client.children(path, { watch: () => changed() }).catch(() => []);
    if (names.length === 0) return;
    await change;
  }
}

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

describe('a mutex interrupted at every step', () => {
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
    for (const contended of [false, true]) {
      test(`${name}, ${contended ? 'behind another holder' : 'alone'}: no node, no watch, no second holder`, async () => {
        let last = 0;
        for (let at = 0; at === last && at < STEPS_MAX; at++) {
          const path = `/${name.replaceAll(' ', '-')}-${contended}-${at}`;
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
          const held = contended ? await new InterProcessMutex(other, path).acquire() : null;
          if (held !== null) theirs++;
          const waiting = new InterProcessMutex(client, path)
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
            let watching: () => void = () => {};
            const queued = new Promise<void>((resolve) => {
              watching = resolve;
            });
            const count = (await other.children(path, { watch: () => watching() })).length;
            await Promise.race([count > 1 ? null : queued, settled]);
            theirs--;
            await held.release();
          }
          const [result] = await settled;
          if (result!.status === 'rejected') {
            const { reason } = result as PromiseRejectedResult;
            const known = ['Closed', 'SessionExpired', 'LeaseEnded', 'ConnectionLoss'].includes(reason.code);
            expect(known || reason.message === 'interrupted', String(reason)).toBe(true);
          }
          await untilEmpty(other, path);
          // Nobody is in the way of who comes next.
          await (await new InterProcessMutex(other, path).acquire({ timeoutMs: 5_000 })).release();
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
