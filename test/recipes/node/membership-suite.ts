import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, json, type ZooKeeperClient } from '../../../client/index.ts';
import { ClusterMembership, GroupMember, PersistentTtlNode } from '../../../recipes/node/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';

let number = 0;

/** Resolves when something is so, which is looked at after every event that `listen` tells of. */
export async function whenever(
  listen: (look: () => void) => () => void,
  condition: () => boolean,
): Promise<void> {
  await new Promise<void>((resolve) => {
    let stop = (): void => {};
    const look = (): void => {
      if (!condition()) return;
      stop();
      resolve();
    };
    stop = listen(look);
    look();
  });
}

/** GroupMember, ClusterMembership and PersistentTtlNode against a server that works. */
export function describeMembership(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`groups and members against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    let other: ZooKeeperClient;
    let path = '';
    const fresh = (): void => {
      path = `/groups/g${++number}`;
    };
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
    const noWatches = (): void => {
      const { data, exist, recursive, persistent } = client.watchCounts();
      expect([data, exist, recursive, persistent].map(({ listeners }) => listeners)).toEqual([0, 0, 0, 0]);
    };

    test('GroupMember: everybody knows everybody and their data, from join to leave', async () => {
      fresh();
      const a = await GroupMember.start(client, path, 'a', 'data of a');
      const b = await GroupMember.start(other, path, 'b');
      expect([...b.members().keys()].sort()).toEqual(['a', 'b']);
      const seen = (member: GroupMember, id: string) => member.members().get(id)?.toString();
      await whenever(
        (look) => a.onChange(look),
        () => a.members().has('b'),
      );
      await b.set('data of b');
      await whenever(
        (look) => a.onChange(look),
        () => seen(a, 'b') === 'data of b',
      );
      expect(seen(b, 'a')).toBe('data of a');
      expect((await client.exists(a.pathOf('a')))!.ephemeralOwner).toBe(client.sessionId);
      await b.close();
      await whenever(
        (look) => a.onChange(look),
        () => !a.members().has('b'),
      );
      await a.close();
      expect([a.members().size, await other.exists(`${path}/a`)]).toEqual([1, null]);
      await expect(GroupMember.start(client, path, 'a/b')).rejects.toThrow(TypeError);
      await expect(GroupMember.start(client, path, '..')).rejects.toThrow(TypeError);
      noWatches();
    });

    test('GroupMember: it is a member itself even while its node is away', async () => {
      fresh();
      await using a = await GroupMember.start(client, path, 'a', 'x');
      await other.delete(`${path}/a`);
      expect(a.members().get('a')?.toString()).toBe('x');
    });

    test('ClusterMembership: who is here, in the order of coming, with values', async () => {
      fresh();
      const codec = json<{ zone: string }>();
      const onlooker = await ClusterMembership.start(client, path, { codec });
      expect([onlooker.size, onlooker.ownState]).toEqual([0, undefined]);
      const events: string[] = [];
      onlooker.onChange(({ type, member }) => events.push(`${type} ${member.id} ${member.value?.zone}`));
      const b = await ClusterMembership.start(other, path, { codec, id: 'b', value: { zone: 'east' } });
      const a = await ClusterMembership.start(client, path, { codec, id: 'a', value: { zone: 'west' } });
      expect(a.members().map(({ id }) => id)).toEqual(['b', 'a']);
      expect(a.get('b')).toMatchObject({ value: { zone: 'east' }, sessionId: other.sessionId });
      expect(a.get('b')!.sinceMs).toBeGreaterThan(1e12);
      expect(a.get('c')).toBeUndefined();
      await b.set({ zone: 'north' });
      // What follows at once may come together with it.
      await onlooker.sync();
      await b.close();
      await a.close();
      await onlooker.sync();
      expect(events).toEqual([
        'joined b east',
        'joined a west',
        'changed b north',
        'left b north',
        'left a west',
      ]);
      await expect(onlooker.set({ zone: 'x' })).rejects.toThrow(TypeError);
      await onlooker.close();
      noWatches();
    });

    test('ClusterMembership: a value that is none is told as such', async () => {
      fresh();
      await other.create(`${path}/broken`, '{', { parents: true });
      await using onlooker = await ClusterMembership.start(client, path, { codec: json() });
      expect(onlooker.members()).toMatchObject([
        { id: 'broken', value: undefined, fault: { code: 'InvalidValue' } },
      ]);
    });

    test('ClusterMembership: changes as a stream, which ends with it', async () => {
      fresh();
      const onlooker = await ClusterMembership.start(client, path);
      const stream = onlooker.changes();
      expect((await stream.next()).value).toEqual({ type: 'resync' });
      await using _a = await ClusterMembership.start(other, path, { id: 'a', value: 'hello' });
      expect((await stream.next()).value).toMatchObject({
        type: 'joined',
        member: { id: 'a', value: 'hello' },
      });
      const last = stream.next();
      await onlooker.close();
      expect(await last).toEqual({ done: true, value: undefined });
    });

    test('ClusterMembership: the same id is there once; the second waits for the first', async () => {
      fresh();
      const first = await ClusterMembership.start(client, path, { id: 'same', value: 'first' });
      await expect(
        ClusterMembership.start(other, path, { id: 'same', signal: AbortSignal.timeout(50) }),
      ).rejects.toThrow(/timeout/);
      const second = ClusterMembership.start(other, path, { id: 'same', value: 'second' });
      await client.sync();
      expect(first.get('same')?.value).toBe('first');
      await first.close();
      await using there = await second;
      expect(there.get('same')?.value).toBe('second');
    });

    test('PersistentTtlNode: touched by its child, left behind by close', async () => {
      fresh();
      const node = await PersistentTtlNode.start(client, path, 60_000, 'data', { touchesPerTtl: 600 });
      let touched = await client.exists(`${path}/touch`);
      while (touched === null || touched.version < 2) touched = await client.exists(`${path}/touch`);
      await other.delete(`${path}/touch`);
      while ((await client.exists(`${path}/touch`)) === null) await client.sync();
      await node.set('other');
      expect((await other.get(path)).data?.toString()).toBe('other');
      await node.close();
      expect([node.state, (await other.exists(path)) !== null]).toEqual(['closed', true]);
      await expect(PersistentTtlNode.start(client, path, 0)).rejects.toThrow(RangeError);
      await expect(PersistentTtlNode.start(client, path, 10, '', { touchesPerTtl: 1 })).rejects.toThrow(
        RangeError,
      );
      noWatches();
    });
  });
}
