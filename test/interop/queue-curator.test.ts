import { existsSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, text, type ZooKeeperClient } from '../../client/index.ts';
import {
  DistributedDelayQueue,
  DistributedIdQueue,
  DistributedPriorityQueue,
  DistributedQueue,
  type Queue,
  SimpleDistributedQueue,
} from '../../recipes/index.ts';
import { TestServer } from '../../testing/index.ts';
import type { ServerUnderTest } from '../client/operations.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { Child, which } from '../kit/processes.ts';
import { type TempDirectory, tempDirectory } from '../kit/temp.ts';
import { Collector } from '../recipes/queue/collector.ts';

const jars = [
  'curator-recipes',
  'curator-framework',
  'curator-client',
  'zookeeper',
  'guava',
  'slf4j-nop',
].map((name) => `/usr/share/java/${name}.jar`);
const missing = [...jars.filter((jar) => !existsSync(jar)), ...(which('javac') === null ? ['javac'] : [])];
const source = resolve(import.meta.dirname, 'java/CuratorQueues.java');

let classes: TempDirectory | null = null;

/** A Java process with Curator's queues, obeying one command at a time. */
class CuratorQueues implements AsyncDisposable {
  readonly child: Child;

  private constructor(child: Child) {
    this.child = child;
  }

  static async start(connectString: string): Promise<CuratorQueues> {
    const classPath = [classes!.path, ...jars].join(delimiter);
    const child = new Child('java', ['-Xmx256m', '-cp', classPath, 'CuratorQueues', connectString]);
    await child.waitFor(/ready/, 60_000);
    return new CuratorQueues(child);
  }

  /** Gives a command and waits for its answer. */
  async ask(command: string, answer: RegExp): Promise<RegExpExecArray> {
    this.child.process.stdin!.write(`${command}\n`);
    return this.child.waitFor(answer, 60_000);
  }

  hear(pattern: RegExp): Promise<RegExpExecArray> {
    return this.child.waitFor(pattern, 60_000);
  }

  /** The items that its consumer got from a queue, in their order. */
  got(path: string): string[] {
    return [...this.child.output.matchAll(new RegExp(`^got ${path} (.*)$`, 'gm'))].map(([, item]) => item!);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.child[Symbol.asyncDispose]();
  }
}

function describeCurator(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`queues and Java Curator on ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    let java: CuratorQueues;
    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
      java = await CuratorQueues.start(server.connectString);
    });
    afterAll(async () => {
      await java?.[Symbol.asyncDispose]();
      await client?.close();
      await server?.[Symbol.asyncDispose]();
    });

    /** What our consumer gets from a queue until there are so many. */
    const consume = async (queue: Queue<string>, count: number): Promise<string[]> => {
      const got = new Collector<string>();
      const stop = new AbortController();
      const done = queue.consume(got.add, { signal: stop.signal });
      await Promise.race([got.until(count), done]);
      stop.abort();
      await done;
      return got.list;
    };

    const options = (path: string, locked: boolean) => ({
      codec: text,
      lockPath: locked ? `${path}-java-locks` : null,
    });

    for (const locked of [true, false]) {
      const how = locked ? 'with a lock path' : 'without';
      const lockOf = (path: string) => (locked ? `${path}-java-locks` : '-');

      test(`each consumes what the other puts, ${how}`, async () => {
        const path = `/java/plain-${locked}`;
        await using queue = new DistributedQueue<string>(client, path, options(path, locked));
        await java.ask(`open plain ${path} ${lockOf(path)} producer`, new RegExp(`opened ${path}`));
        await java.ask(`put ${path} a`, new RegExp(`put ${path} a`));
        await java.ask(`multi ${path} b c d`, new RegExp(`put ${path} many`));
        expect(await consume(queue, 4)).toEqual(['a', 'b', 'c', 'd']);
        const back = `/java/plain-back-${locked}`;
        await using ours = new DistributedQueue<string>(client, back, options(back, locked));
        await ours.put('e');
        await ours.putMulti(['f', 'g']);
        await java.ask(`open plain ${back} ${lockOf(back)} consumer`, new RegExp(`opened ${back}`));
        await ours.put('h');
        await java.hear(new RegExp(`got ${back} h`));
        expect(java.got(back)).toEqual(['e', 'f', 'g', 'h']);
      });

      test(`ids, ${how}`, async () => {
        const path = `/java/id-${locked}`;
        await using queue = new DistributedIdQueue<string>(client, path, options(path, locked));
        await java.ask(`open id ${path} ${lockOf(path)} producer`, new RegExp(`opened ${path}`));
        await java.ask(`put ${path} a one/1`, new RegExp(`put ${path} a`));
        await java.ask(`put ${path} b two`, new RegExp(`put ${path} b`));
        await queue.put('c', 'three');
        await queue.put('d', 'two');
        expect(await queue.has('one/1')).toBe(true);
        expect(await queue.remove('one/1')).toBe(1);
        await java.ask(`remove ${path} three`, new RegExp(`removed ${path} 1`));
        expect(await consume(queue, 2)).toEqual(['b', 'd']);
      });

      test(`priorities, ${how}`, async () => {
        const path = `/java/priority-${locked}`;
        await using queue = new DistributedPriorityQueue<string>(client, path, options(path, locked));
        await java.ask(`open priority ${path} ${lockOf(path)} producer`, new RegExp(`opened ${path}`));
        await java.ask(`put ${path} c 7`, new RegExp(`put ${path} c`));
        await java.ask(`put ${path} a -7`, new RegExp(`put ${path} a`));
        await queue.put('b', 0);
        await queue.put('d', 255);
        expect(await consume(queue, 4)).toEqual(['a', 'b', 'c', 'd']);
        const back = `/java/priority-back-${locked}`;
        await using ours = new DistributedPriorityQueue<string>(client, back, options(back, locked));
        for (const [item, priority] of [
          ['z', 0x7fff_ffff],
          ['y', 16],
          ['x', -0x8000_0000],
        ] as const) {
          await ours.put(item, priority);
        }
        await java.ask(`open priority ${back} ${lockOf(back)} consumer`, new RegExp(`opened ${back}`));
        await java.hear(new RegExp(`got ${back} z`));
        expect(java.got(back)).toEqual(['x', 'y', 'z']);
      });

      test(`delays, ${how}`, async () => {
        const path = `/java/delay-${locked}`;
        await using queue = new DistributedDelayQueue<string>(client, path, options(path, locked));
        await java.ask(`open delay ${path} ${lockOf(path)} producer`, new RegExp(`opened ${path}`));
        const now = client.ports.wallMs();
        await java.ask(`put ${path} b ${now + 300}`, new RegExp(`put ${path} b`));
        await java.ask(`put ${path} a ${now - 300}`, new RegExp(`put ${path} a`));
        expect(await consume(queue, 2)).toEqual(['a', 'b']);
        expect(client.ports.wallMs()).toBeGreaterThanOrEqual(now + 300);
        const back = `/java/delay-back-${locked}`;
        await using ours = new DistributedDelayQueue<string>(client, back, options(back, locked));
        await ours.put('d', client.ports.wallMs() + 200);
        await ours.put('c', 1);
        await java.ask(`open delay ${back} ${lockOf(back)} consumer`, new RegExp(`opened ${back}`));
        await java.hear(new RegExp(`got ${back} d`));
        expect(java.got(back)).toEqual(['c', 'd']);
      });
    }

    test('an item that we put back Java gets, puts back too, and handles', async () => {
      const path = '/java/back';
      await using queue = new DistributedQueue<string>(client, path, options(path, true));
      await queue.put('bad');
      // We fail on it once.
      const stop = new AbortController();
      await queue.consume(
        () => {
          stop.abort();
          throw new Error('ours');
        },
        { signal: stop.signal },
      );
      await java.ask(`open plain ${path} ${path}-java-locks consumer`, new RegExp(`opened ${path}\n`));
      // Java fails on it too, then handles it.
      await java.hear(new RegExp(`refused ${path} bad`));
      await java.hear(new RegExp(`got ${path} bad`));
      while ((await queue.size()) > 0) await client.sync();
    });

    test('nobody handles what the other has in hand; what a killed Java process had comes to us', async () => {
      const path = '/java/shared';
      await using queue = new DistributedQueue<string>(client, path, options(path, true));
      await using victim = await CuratorQueues.start(server.connectString);
      await victim.ask(`open plain ${path} ${path}-java-locks consumer`, new RegExp(`opened ${path}\n`));
      await queue.put('endless');
      await victim.hear(new RegExp(`got ${path} endless`));
      const got = new Collector<string>();
      const stop = new AbortController();
      const done = queue.consume(got.add, { signal: stop.signal });
      await queue.put('other');
      await got.until(1);
      expect(got.list).toEqual(['other']);
      await victim.child.stop('SIGKILL');
      expect(await got.until(2)).toEqual(['other', 'endless']);
      stop.abort();
      await done;
    });

    test('the simple queue', async () => {
      await using queue = new SimpleDistributedQueue<string>(client, '/java/simple', { codec: text });
      await java.ask('offer /java/simple a', /offered a/);
      expect(await queue.take()).toBe('a');
      const taken = java.ask('take /java/simple', /took b/);
      await queue.offer('b');
      await taken;
      expect(await queue.poll()).toBeNull();
    });
  });
}

if (missing.length > 0) {
  test.skip(`Java Curator: missing ${missing.join(', ')}; apt-get install libcurator-recipes-java default-jdk-headless`, () => {});
} else {
  beforeAll(async () => {
    classes = await tempDirectory('zookit-curator-queues-');
    const javac = new Child('javac', [
      '-Xlint:-unchecked',
      '-d',
      classes.path,
      '-cp',
      jars.join(delimiter),
      source,
    ]);
    await javac.success();
  });
  afterAll(async () => {
    await classes?.[Symbol.asyncDispose]();
  });
  describeCurator('zookit', () => TestServer.start());
  if (javaZooKeeper() !== null) {
    describeCurator('Apache ZooKeeper', async () => {
      const server = await JavaServer.start();
      return {
        connectString: `127.0.0.1:${server.port}`,
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    });
  }
}
