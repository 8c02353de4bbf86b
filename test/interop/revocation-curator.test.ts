import { existsSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../client/index.ts';
import { InterProcessMutex, type Lease, revoke } from '../../recipes/index.ts';
import { TestServer } from '../../testing/index.ts';
import type { ServerUnderTest } from '../client/operations.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { Child, which } from '../kit/processes.ts';
import { type TempDirectory, tempDirectory } from '../kit/temp.ts';

const jars = [
  'curator-recipes',
  'curator-framework',
  'curator-client',
  'zookeeper',
  'guava',
  'slf4j-nop',
].map((name) => `/usr/share/java/${name}.jar`);
const missing = [...jars.filter((jar) => !existsSync(jar)), ...(which('javac') === null ? ['javac'] : [])];
const source = resolve(import.meta.dirname, 'java/CuratorRevocation.java');

let classes: TempDirectory | null = null;

/** A Java process with a revocable lock, obeying one command at a time. */
class JavaHolder implements AsyncDisposable {
  readonly #child: Child;

  private constructor(child: Child) {
    this.#child = child;
  }

  static async start(connectString: string, path: string): Promise<JavaHolder> {
    const classPath = [classes!.path, ...jars].join(delimiter);
    const child = new Child('java', ['-Xmx256m', '-cp', classPath, 'CuratorRevocation', connectString, path]);
    await child.waitFor(/ready/);
    return new JavaHolder(child);
  }

  async say(command: string, answer: RegExp): Promise<void> {
    this.#child.process.stdin!.write(`${command}\n`);
    await this.#child.waitFor(answer);
  }

  async hear(what: RegExp): Promise<void> {
    await this.#child.waitFor(what);
  }

  get output(): string {
    return this.#child.output;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }
}

function describeRevocation(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`revocation with Java Curator on ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
    });
    afterAll(async () => {
      await client?.close();
      await server?.[Symbol.asyncDispose]();
    });

    const untilInLine = async (mutex: InterProcessMutex, count: number) => {
      while ((await mutex.participants()).length !== count) await client.sync();
    };

    test("Java's Revoker is heard by our holder, who hands the lock to Java", async () => {
      const mutex = new InterProcessMutex(client, '/from-java', { data: 'ours' });
      await using java = await JavaHolder.start(server.connectString, mutex.path);
      let hear: (lease: Lease) => void = () => {};
      const asked = new Promise<Lease>((done) => {
        hear = done;
      });
      const lease = await mutex.acquire({ onRevoke: (wanted) => hear(wanted) });
      await java.say(`revoke ${lease.path}`, /asked/);
      expect(await asked).toBe(lease);
      expect(lease.held).toBe(true);
      expect((await mutex.inspect()).holder).toMatchObject({ path: lease.path, revoked: true });
      const acquired = java.say('acquire', /acquired/);
      await untilInLine(mutex, 2);
      await lease.release();
      await acquired;
      await java.say('release', /released/);
    });

    test('our revoke is heard by a Java holder, who hands the lock to us', async () => {
      const mutex = new InterProcessMutex(client, '/to-java');
      await using java = await JavaHolder.start(server.connectString, mutex.path);
      await java.say('acquire', /acquired/);
      const [path] = await mutex.participants();
      const waiting = mutex.acquire();
      await untilInLine(mutex, 2);
      expect(java.output).not.toContain('wanted');
      expect(await revoke(client, path!)).toBe(true);
      await java.hear(/wanted/);
      await java.say('release', /released/);
      await (await waiting).release();
      expect(await revoke(client, path!)).toBe(false);
    });

    test('a lock with a delay is an ordinary lock to Java', async () => {
      const mutex = new InterProcessMutex(client, '/delayed', { lockDelayMs: 86_400_000 });
      await using java = await JavaHolder.start(server.connectString, mutex.path);
      for (let i = 0; i < 3; i++) {
        const lease = await mutex.acquire();
        const acquired = java.say('acquire', new RegExp(`(acquired[^]*){${i + 1}}`));
        await untilInLine(mutex, 2);
        const again = mutex.acquire();
        await untilInLine(mutex, 3);
        await lease.release();
        await acquired;
        await java.say('release', new RegExp(`(released[^]*){${i + 1}}`));
        await (await again).release();
      }
      expect(String((await client.get(mutex.path)).data)).toBe('');
    });
  });
}

if (missing.length > 0) {
  test.skip(`Java Curator: missing ${missing.join(', ')}; apt-get install libcurator-recipes-java default-jdk-headless`, () => {});
} else {
  beforeAll(async () => {
    classes = await tempDirectory('zookit-curator-');
    const javac = new Child('javac', ['-d', classes.path, '-cp', jars.join(delimiter), source]);
    await javac.success();
  });
  afterAll(async () => {
    await classes?.[Symbol.asyncDispose]();
  });
  describeRevocation('zookit', () => TestServer.start());
  if (javaZooKeeper() !== null) {
    describeRevocation('Apache ZooKeeper', async () => {
      const server = await JavaServer.start();
      return {
        connectString: `127.0.0.1:${server.port}`,
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    });
  }
}
