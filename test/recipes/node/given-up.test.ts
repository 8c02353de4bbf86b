import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import {
  ClusterMembership,
  GroupMember,
  PersistentNode,
  SetPartitioner,
} from '../../../recipes/node/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { CountedSteps } from '../../kit/effects.ts';

const STEPS_MAX = 200;

type Start = (client: ZooKeeperClient, path: string, signal: AbortSignal) => Promise<AsyncDisposable>;

const starts: Readonly<Record<string, Start>> = {
  PersistentNode: (client, path, signal) => PersistentNode.start(client, `${path}/x`, 'x', { signal }),
  'a protected PersistentNode': (client, path, signal) =>
    PersistentNode.start(client, `${path}/x`, 'x', { signal, protected: true }),
  'a sequential PersistentNode': (client, path, signal) =>
    PersistentNode.start(client, `${path}/x`, 'x', { signal, mode: 'persistent-sequential' }),
  GroupMember: (client, path, signal) => GroupMember.start(client, path, 'x', 'x', { signal }),
  ClusterMembership: (client, path, signal) =>
    ClusterMembership.start(client, path, { id: 'x', value: 'x', signal }),
  SetPartitioner: (client, path, signal) =>
    SetPartitioner.start(client, path, ['a', 'b'], { id: 'x', settleMs: 0, signal }),
};

describe('a start that is given up at any step, also with a connection that breaks', () => {
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

  /** The nodes below a path that hold something. */
  const filled = async (path: string): Promise<string[]> => {
    const paths: string[] = [];
    const walk = async (at: string): Promise<void> => {
      const found = await other.get(at).catch(() => null);
      if (found === null) return;
      if ((found.data?.length ?? 0) > 0 || found.stat.ephemeralOwner !== 0n) paths.push(at);
      const names = await other.children(at).catch(() => []);
      await Promise.all(names.map((name) => walk(`${at}/${name}`)));
    };
    await walk(path);
    return paths;
  };

  for (const [name, start] of Object.entries(starts)) {
    test(`${name}: leaves no node, watch or listener behind`, async () => {
      let given = 0;
      for (let at = 0, last = 0; at === last; at++) {
        expect(at).toBeLessThan(STEPS_MAX);
        const steps = new CountedSteps();
        const client = await connect(server.connectString, {
          ports: steps.ports,
          backoff: { baseMs: 1, maxMs: 2 },
        });
        const path = `/given-up/${name.replaceAll(' ', '-')}-${at}`;
        const stop = new AbortController();
        const base = steps.steps;
        steps.onStep = (step) => {
          if (step - base !== at) return;
          if (at % 2 === 1) steps.cut();
          stop.abort(new Error('no more'));
        };
        const started = await start(client, path, stop.signal).catch((error: Error) => error);
        if (started instanceof Error) {
          expect(started.message).toBe('no more');
          given++;
        } else await started[Symbol.asyncDispose]();
        if (stop.signal.aborted) last = at + 1;
        const left = async (): Promise<string[]> =>
          (await filled(path)).filter((each) => !each.endsWith('/division'));
        while ((await left()).length > 0) await client.sync().catch(() => {});
        await client.sync().catch(() => {});
        const { data, exist, child, recursive, persistent } = client.watchCounts();
        const listeners = [data, exist, child, recursive, persistent].map((each) => each.listeners);
        expect([at, listeners]).toEqual([at, [0, 0, 0, 0, 0]]);
        await client.close();
        // Nor does anything come back.
        expect(await left()).toEqual([]);
      }
      expect(given).toBeGreaterThan(0);
    });
  }
});
