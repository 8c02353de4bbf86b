import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import { ElectionClosedError, LeaderLatch, type Lease, WaitTimeoutError } from '../../../recipes/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';
import { ended, noWatches, untilChildren } from './waiting.ts';

/** LeaderLatch against a server that works. */
export function describeLatch(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`LeaderLatch against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    let other: ZooKeeperClient;
    let number = 0;
    const fresh = () => `/leaders/l${++number}`;

    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
      other = await connect(server.connectString);
    });
    afterAll(async () => {
      expect(client.watchCounts()).toMatchObject(noWatches);
      await client?.close();
      await other?.close();
      await server?.[Symbol.asyncDispose]();
    });

    test("stands in line with Curator's name and its id, leads, and leaves nothing behind", async () => {
      const path = fresh();
      const latch = await LeaderLatch.start(client, path, { id: 'host-7' });
      const term = await latch.leadership();
      const { data, stat } = await client.get(latch.ourPath);
      expect(latch.ourPath).toMatch(/\/_c_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-latch-0000000000$/);
      expect([data?.toString(), stat.ephemeralOwner]).toEqual(['host-7', client.sessionId]);
      expect([term.path, term.fencingToken]).toEqual([latch.ourPath, stat.czxid]);
      expect([term.held, latch.hasLeadership, latch.term === term]).toEqual([true, true, true]);
      expect(term.safeForMs()).toBeGreaterThan(0);
      await latch.close();
      await latch.close();
      expect(term.signal.reason).toMatchObject({ reason: 'released' });
      expect([term.held, latch.hasLeadership, latch.term, term.safeForMs()]).toEqual([false, false, null, 0]);
      expect(await client.exists(term.path)).toBeNull();
      await expect(latch.leadership()).rejects.toThrow(ElectionClosedError);
    });

    test('leads in the order of starting, with growing tokens, and tells who stands in line', async () => {
      const path = fresh();
      const latches: LeaderLatch[] = [];
      for (const id of ['a', 'b', 'c']) {
        latches.push(await LeaderLatch.start(id === 'b' ? other : client, path, { id }));
      }
      const seen = await latches[2]!.participants();
      expect(seen.map(({ id, isLeader }) => [id, isLeader])).toEqual([
        ['a', true],
        ['b', false],
        ['c', false],
      ]);
      expect(await latches[1]!.leader()).toMatchObject({ id: 'a', path: latches[0]!.ourPath });
      const tokens: number[] = [];
      for (const latch of latches) {
        const term = await latch.leadership();
        expect(latches.filter(({ hasLeadership }) => hasLeadership)).toEqual([latch]);
        tokens.push(term.fencingToken);
        await latch.close();
      }
      expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
      expect(new Set(tokens).size).toBe(3);
      expect(await latches[0]!.leader()).toBeNull();
    });

    test('who releases a term goes to the end of the line and leads again later', async () => {
      const path = fresh();
      await using first = await LeaderLatch.start(client, path, { id: 'first' });
      await using second = await LeaderLatch.start(other, path, { id: 'second' });
      const term = await first.leadership();
      const changes: (number | null)[] = [];
      const unsubscribe = first.onChange((each) => changes.push(each?.fencingToken ?? null));
      await term.release();
      const next = await second.leadership();
      expect(next.fencingToken).toBeGreaterThan(term.fencingToken);
      await untilChildren(client, path, 2);
      await next.release();
      const again = await first.leadership();
      expect(again.fencingToken).toBeGreaterThan(next.fencingToken);
      expect(changes).toEqual([null, again.fencingToken]);
      unsubscribe();
      await again.release();
      expect(changes.length).toBe(2);
    });

    test('terms come one after the other until the signal aborts or the latch is closed', async () => {
      const path = fresh();
      const latch = await LeaderLatch.start(client, path);
      const terms: Lease[] = [];
      const stop = new AbortController();
      for await (const term of latch.terms({ signal: stop.signal })) {
        expect(term.held).toBe(true);
        terms.push(term);
        if (terms.length === 3) stop.abort();
        else await term.release();
      }
      expect(new Set(terms.map(({ fencingToken }) => fencingToken)).size).toBe(3);
      // Ending the loop does not step down.
      expect(latch.term).toBe(terms[2]);
      const loop = (async () => {
        for await (const term of latch.terms()) terms.push(term);
      })();
      while (terms.length < 4) await client.sync();
      expect(terms[3]).toBe(terms[2]);
      await latch.close();
      await loop;
    });

    test('waiting ends with the signal, in time, and with the latch', async () => {
      const path = fresh();
      await using first = await LeaderLatch.start(client, path);
      await first.leadership();
      const second = await LeaderLatch.start(other, path);
      await expect(second.leadership({ timeoutMs: 0 })).rejects.toThrow(WaitTimeoutError);
      await expect(second.leadership({ timeoutMs: 20 })).rejects.toThrow(WaitTimeoutError);
      const stop = new AbortController();
      const waiting = second.leadership({ signal: stop.signal });
      stop.abort(new Error('no more'));
      await expect(waiting).rejects.toThrow('no more');
      const closed = expect(second.leadership()).rejects.toThrow(ElectionClosedError);
      await second.close();
      await closed;
      expect(await client.children(path)).toHaveLength(1);
    });

    test('a node deleted by an operator ends the term, and the latch stands again', async () => {
      const path = fresh();
      await using first = await LeaderLatch.start(client, path, { id: 'first' });
      await using second = await LeaderLatch.start(client, path, { id: 'second' });
      await using third = await LeaderLatch.start(client, path, { id: 'third' });
      const term = await first.leadership();
      // One that waits, and the one that leads.
      await other.delete(second.ourPath);
      while ((await first.participants()).map(({ id }) => id).join() !== 'first,third,second')
        await other.sync();
      await other.delete(first.ourPath);
      expect(await ended(term)).toMatchObject({ reason: 'deleted' });
      await third.leadership();
      while ((await first.participants()).map(({ id }) => id).join() !== 'third,second,first')
        await other.sync();
    });

    test('a directory that is deleted is made again, with a leader', async () => {
      const path = fresh();
      await using first = await LeaderLatch.start(client, path);
      await using second = await LeaderLatch.start(client, path);
      const term = await first.leadership();
      while ((await other.exists(path)) !== null) {
        await other.deleteRecursive(path).catch(() => {});
        if (term.signal.aborted) break;
      }
      await Promise.race([first.leadership(), second.leadership()]);
      await untilChildren(client, path, 2);
      expect([first, second].filter(({ hasLeadership }) => hasLeadership)).toHaveLength(1);
    });

    test('closing the client ends the latch and says so', async () => {
      const path = fresh();
      const zk = await connect(server.connectString);
      const latch = await LeaderLatch.start(zk, path);
      const term = await latch.leadership();
      const end = new Promise((resolve) => latch.onEnd(resolve));
      await zk.close();
      expect(await end).toMatchObject({ message: 'the client was closed' });
      expect(term.held).toBe(false);
      await expect(latch.leadership()).rejects.toThrow('the client was closed');
      await expect(latch.terms().next()).rejects.toThrow(ElectionClosedError);
      await latch.close();
      await expect(LeaderLatch.start(zk, path)).rejects.toMatchObject({ code: 'Closed' });
      await untilChildren(client, path, 0);
    });

    test('arguments that can never be right', async () => {
      await expect(LeaderLatch.start(client, 'relative')).rejects.toThrow(TypeError);
      // @ts-expect-error not a policy
      await expect(LeaderLatch.start(client, fresh(), { errorPolicy: 'none' })).rejects.toThrow(TypeError);
    });
  });
}
