import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, text, type ZooKeeperClient } from '../../../client/index.ts';
import { NoSuchElementError, SimpleDistributedQueue, WaitTimeoutError } from '../../../recipes/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';

let number = 0;

/** SimpleDistributedQueue against a server that works. */
export function describeSimpleQueue(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`SimpleDistributedQueue against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    const fresh = () => new SimpleDistributedQueue<string>(client, `/simple/s${++number}`, { codec: text });

    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
    });
    afterAll(async () => {
      const counts = client?.watchCounts();
      await client?.close();
      await server?.[Symbol.asyncDispose]();
      expect(counts).toMatchObject({
        child: { listeners: 0 },
        data: { listeners: 0 },
        exist: { listeners: 0 },
      });
    });

    test('first in, first out, with the nodes of the recipe', async () => {
      await using queue = fresh();
      expect([await queue.peek(), await queue.poll()]).toEqual([null, null]);
      await expect(queue.element()).rejects.toThrow(NoSuchElementError);
      await expect(queue.remove()).rejects.toThrow(NoSuchElementError);
      for (const item of ['a', 'b', 'c', 'd']) await queue.offer(item);
      expect((await client.children(queue.path)).sort()).toEqual([0, 1, 2, 3].map((n) => `qn-000000000${n}`));
      expect((await client.get(`${queue.path}/qn-0000000000`)).data?.toString()).toBe('a');
      await client.create(`${queue.path}/another`, 'foreign');
      expect([await queue.peek(), await queue.element(), await queue.peek()]).toEqual(['a', 'a', 'a']);
      expect([await queue.take(), await queue.remove(), await queue.poll(), await queue.poll()]).toEqual([
        'a',
        'b',
        'c',
        'd',
      ]);
      expect(await queue.poll()).toBeNull();
      expect(await client.children(queue.path)).toEqual(['another']);
    });

    test('take waits, poll waits as long as told, and a signal ends it', async () => {
      await using queue = fresh();
      expect(await queue.poll({ timeoutMs: 30 })).toBeNull();
      await expect(queue.take({ timeoutMs: 30 })).rejects.toThrow(WaitTimeoutError);
      const stop = new AbortController();
      const given = expect(queue.take({ signal: stop.signal })).rejects.toThrow('enough');
      const waiting = queue.take();
      while (client.watchCounts().child.listeners < 2) await client.sync();
      stop.abort(new Error('enough'));
      await given;
      await queue.offer('x');
      expect(await waiting).toBe('x');
      const polled = queue.poll({ timeoutMs: 60_000 });
      await queue.offer('y');
      expect(await polled).toBe('y');
    });

    test('many takers, each item for one', async () => {
      await using queue = fresh();
      const clients = await Promise.all([0, 1, 2].map(() => connect(server.connectString)));
      const queues = clients.map((zk) => new SimpleDistributedQueue<string>(zk, queue.path, { codec: text }));
      const takers = Promise.all(Array.from({ length: 30 }, (_, i) => queues[i % 3]!.take()));
      await Promise.all(Array.from({ length: 30 }, (_, i) => queue.offer(String(i))));
      expect((await takers).map(Number).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 30 }, (_, i) => i),
      );
      expect(await queue.poll()).toBeNull();
      await Promise.all(queues.map((each) => each.close()));
      expect(await client.children(`${queue.path}-receipts`)).toHaveLength(
        (await client.getEphemerals(`${queue.path}-receipts`)).length,
      );
      await Promise.all(clients.map((zk) => zk.close()));
    });
  });
}
