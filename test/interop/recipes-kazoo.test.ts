import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../client/index.ts';
import {
  DistributedAtomicInteger,
  DistributedBarrier,
  DistributedDoubleBarrier,
  SharedCount,
} from '../../recipes/index.ts';
import { TestServer } from '../../testing/index.ts';
import type { ServerUnderTest } from '../client/operations.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { Child } from '../kit/processes.ts';

// Counters in Curator's form and barriers are all that kazoo lays out as Curator does; its locks, queues, elections and parties have
// nodes of their own.

const PYTHON = '/usr/bin/python3';
const SOURCE = fileURLToPath(new URL('./python/recipes.py', import.meta.url));
const ANSWER_TIMEOUT_MS = 120_000;
const hasKazoo = spawnSync(PYTHON, ['-c', 'import kazoo']).status === 0;
if (!hasKazoo) process.stdout.write('recipes with kazoo skipped: apt-get install python3-kazoo\n');

class Kazoo implements AsyncDisposable {
  readonly #child: Child;
  #asked = 0;

  private constructor(child: Child) {
    this.#child = child;
  }

  static async start(hosts: string): Promise<Kazoo> {
    const child = new Child(PYTHON, [SOURCE, hosts]);
    await child.waitFor(/^ready$/m);
    return new Kazoo(child);
  }

  async ask(command: string): Promise<string> {
    const number = ++this.#asked;
    this.#child.process.stdin!.write(`${number} ${command}\n`);
    return (await this.#child.waitFor(new RegExp(`^${number} (.*)\n`, 'm'), ANSWER_TIMEOUT_MS))[1]!;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }
}

function describeKazoo(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`recipes shared with kazoo on ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    let kazoo: Kazoo;
    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
      kazoo = await Kazoo.start(server.connectString);
    });
    afterAll(async () => {
      await kazoo?.[Symbol.asyncDispose]();
      await client?.close();
      await server?.[Symbol.asyncDispose]();
    });

    test('a counter that both change', async () => {
      const count = await SharedCount.start(client, '/count', 5);
      expect(await kazoo.ask('value /count')).toBe('5');
      const heard = new Promise<number>((resolve) => count.onChange(resolve));
      await kazoo.ask('add /count -7');
      expect(await heard).toBe(-2);
      const ours = new DistributedAtomicInteger(client, '/count');
      const rounds = Array.from({ length: 20 }, (_, i) => i);
      await Promise.all(rounds.map((i) => (i % 2 === 0 ? kazoo.ask('add /count 1') : ours.increment())));
      expect(await kazoo.ask('value /count')).toBe('18');
      await count.close();
    });

    test('a barrier that one sets and the other removes', async () => {
      const ours = new DistributedBarrier(client, '/barrier');
      await kazoo.ask('create /barrier');
      await expect(ours.wait({ timeoutMs: 0 })).rejects.toThrow('not open');
      const waiting = [ours.wait(), kazoo.ask('wait /barrier')];
      expect(await kazoo.ask('remove /barrier')).toBe('True');
      expect(await Promise.all(waiting)).toEqual([undefined, 'True']);
      await ours.set();
      const theirs = kazoo.ask('wait /barrier');
      await ours.remove();
      expect(await theirs).toBe('True');
    });

    test('a double barrier with members of both', async () => {
      await using second = await Kazoo.start(server.connectString);
      const ours = new DistributedDoubleBarrier(client, '/double', 3);
      for (let round = 0; round < 3; round++) {
        const entered = [ours.enter(), kazoo.ask('enter /double 3'), second.ask('enter /double 3')];
        expect(await Promise.all(entered)).toEqual([undefined, 'inside', 'inside']);
        const left = [kazoo.ask('leave /double'), ours.leave(), second.ask('leave /double')];
        expect(await Promise.all(left)).toEqual(['outside', undefined, 'outside']);
      }
    });
  });
}

describe.skipIf(!hasKazoo)('kazoo', () => {
  describeKazoo('our server', async () => {
    const server = await TestServer.start();
    return { connectString: server.connectString, [Symbol.asyncDispose]: () => server.close() };
  });

  describe.skipIf(javaZooKeeper() === null)('peers', () => {
    describeKazoo('Apache ZooKeeper', () => JavaServer.start());
  });
});
