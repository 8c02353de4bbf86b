import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import { type NodeState, PersistentNode, type PersistentNodeOptions } from '../../../recipes/node/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';

let number = 0;

export function untilState(node: PersistentNode, wanted: NodeState): Promise<void> {
  return new Promise((resolve) => {
    if (node.state === wanted) {
      resolve();
      return;
    }
    const stop = node.onState((state) => {
      if (state !== wanted) return;
      stop();
      resolve();
    });
  });
}

/** PersistentNode against a server that works. */
export function describePersistentNode(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`PersistentNode against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    let other: ZooKeeperClient;
    let path = '';
    const keep = (data = 'here', options: PersistentNodeOptions = {}) =>
      PersistentNode.start(client, path, data, options);
    const textAt = async (at: string) => (await other.get(at)).data?.toString();

    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
      other = await connect(server.connectString);
    });
    afterAll(async () => {
      await client?.close();
      await other?.close();
      await server?.[Symbol.asyncDispose]();
    });
    const fresh = (): string => {
      path = `/nodes/n${++number}/x`;
      return path;
    };

    test('an ephemeral node below containers, gone with close', async () => {
      fresh();
      const node = await keep();
      expect([node.path, node.state, await textAt(path)]).toEqual([path, 'present', 'here']);
      expect((await other.exists(path))!.ephemeralOwner).toBe(client.sessionId);
      await Promise.all([node.close(), node.close()]);
      expect([node.state, await other.exists(path)]).toEqual(['closed', null]);
      expect(client.watchCounts()).toMatchObject({ data: { listeners: 0 }, exist: { listeners: 0 } });
      await expect(node.set('later')).rejects.toMatchObject({ code: 'Closed' });
    });

    test('comes back when it is deleted, with the data that were set last', async () => {
      fresh();
      await using node = await keep();
      await node.set('next');
      expect(await textAt(path)).toBe('next');
      const states: NodeState[] = [];
      node.onState((state) => states.push(state));
      for (let i = 0; i < 5; i++) {
        const absent = untilState(node, 'absent');
        await other.delete(path);
        await absent;
        await untilState(node, 'present');
        expect(await textAt(path)).toBe('next');
      }
      expect(states.slice(0, 4)).toEqual(['absent', 'present', 'absent', 'present']);
    });

    test('comes back when it is deleted together with what is above', async () => {
      fresh();
      await using node = await keep();
      const absent = untilState(node, 'absent');
      await other.deleteRecursive('/nodes');
      await absent;
      await untilState(node, 'present');
      expect(await textAt(path)).toBe('here');
    });

    test('many sets at once: the last one stays', async () => {
      fresh();
      await using node = await keep();
      await Promise.all(Array.from({ length: 50 }, (_, i) => node.set(String(i))));
      expect(await textAt(path)).toBe('49');
    });

    test.each([
      'ephemeral',
      'ephemeral-sequential',
      'persistent',
      'persistent-sequential',
      'container',
    ] as const)('%s: keeps its name when it comes back, and goes with close', async (mode) => {
      fresh();
      const node = await keep('here', { mode });
      const made = node.path;
      if (mode.includes('sequential')) expect(made).toMatch(/\/_c_[0-9a-f-]{36}-x\d{10}$/);
      else expect(made).toBe(path);
      const absent = untilState(node, 'absent');
      await other.delete(made);
      await absent;
      await untilState(node, 'present');
      expect([node.path, await textAt(made)]).toEqual([made, 'here']);
      await node.close();
      expect(await other.exists(made)).toBeNull();
    });

    test('a persistent node that is there already is taken over', async () => {
      fresh();
      await other.create(path, 'old', { parents: true });
      await using _node = await keep('new', { mode: 'persistent' });
      expect(await textAt(path)).toBe('new');
    });

    test("waits for another session's node, and is there when that has gone", async () => {
      fresh();
      await other.create(path, 'theirs', { mode: 'ephemeral', parents: true });
      const stop = new AbortController();
      const given = keep('ours', { signal: stop.signal });
      const waiting = keep('ours');
      await client.sync();
      expect(await textAt(path)).toBe('theirs');
      stop.abort(new Error('no more'));
      await expect(given).rejects.toThrow('no more');
      await other.delete(path);
      const node = await waiting;
      expect(await textAt(path)).toBe('ours');
      await node.close();
    });

    test("replaces another session's node if told to", async () => {
      fresh();
      await other.create(path, 'theirs', { mode: 'ephemeral', parents: true });
      const node = await keep('ours', { existing: 'replace' });
      expect((await other.exists(path))!.ephemeralOwner).toBe(client.sessionId);
      await node.close();
    });

    test('what keeps it from being made is said at the start', async () => {
      fresh();
      await expect(keep('x', { parents: false })).rejects.toMatchObject({ code: 'NoNode' });
      await expect(keep('x', { acl: [] })).rejects.toMatchObject({ code: 'InvalidACL' });
      await expect(PersistentNode.start(client, 'x')).rejects.toThrow(TypeError);
      await expect(keep('x', { existing: 'steal' as 'wait' })).rejects.toThrow(TypeError);
      await expect(keep('x', { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
    });

    test('data that are too large are refused, and the node stays', async () => {
      fresh();
      await using node = await keep();
      await expect(node.set(Buffer.alloc(8 << 20))).rejects.toMatchObject({ code: 'RequestTooLarge' });
      await node.set('small');
      expect([node.state, await textAt(path)]).toEqual(['present', 'small']);
    });
  });
}
