import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BadVersionError, connect, NoNodeError, type ZooKeeperClient } from '../../../client/index.ts';
import { FencedOutError, fencedSet, InterProcessMutex } from '../../../recipes/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';

/** fencedSet against a server that works. */
export function describeFencedSet(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`fencedSet against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
      await client.create('/data', 'before');
    });
    afterAll(async () => {
      await client?.close();
      await server?.[Symbol.asyncDispose]();
    });

    test('writes while the lock is held, and never after', async () => {
      const mutex = new InterProcessMutex(client, '/locks/data');
      const first = await mutex.acquire();
      const { path, fencingToken } = first;
      const stat = await fencedSet(client, first, '/data', 'first');
      expect(stat.version).toBe(1);
      await first.release();
      // Refused even though nobody has written since.
      await expect(fencedSet(client, { path, fencingToken }, '/data', 'late')).rejects.toMatchObject({
        code: 'FencedOut',
        resource: '/data',
        token: fencingToken,
        highest: null,
      });
      await using second = await mutex.acquire();
      await fencedSet(client, second, '/data', 'second');
      await expect(fencedSet(client, { path, fencingToken }, '/data', 'late')).rejects.toThrow(
        FencedOutError,
      );
      expect(String((await client.get('/data')).data)).toBe('second');
    });

    test("a holder whose session was replaced, and who has not noticed, is refused by its lock's node", async () => {
      const zk = await connect(server.connectString);
      const lease = await new InterProcessMutex(zk, '/locks/session').acquire();
      await zk.close();
      await expect(fencedSet(client, lease, '/data', 'late')).rejects.toThrow(FencedOutError);
    });

    test('fails as a set does', async () => {
      await using lease = await new InterProcessMutex(client, '/locks/data').acquire();
      await expect(fencedSet(client, lease, '/none', 'x')).rejects.toThrow(NoNodeError);
      const wrong = fencedSet(client, lease, '/data', 'x', { version: 99 });
      await expect(wrong).rejects.toThrow(BadVersionError);
      await expect(wrong).rejects.toMatchObject({ expected: 99, path: '/data' });
      const signal = AbortSignal.abort(new Error('no more'));
      await expect(fencedSet(client, lease, '/data', 'x', { signal })).rejects.toThrow('no more');
      await expect(fencedSet(client, lease, 'relative', 'x')).rejects.toMatchObject({ code: 'BadArguments' });
    });
  });
}
