import { existsSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../client/index.ts';
import { LeaderLatch, LeaderSelector } from '../../recipes/index.ts';
import { TestServer } from '../../testing/index.ts';
import type { ServerUnderTest } from '../client/operations.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { Child, which } from '../kit/processes.ts';
import { type TempDirectory, tempDirectory } from '../kit/temp.ts';
import { gate, untilChildren } from '../recipes/leader/waiting.ts';

const jars = [
  'curator-recipes',
  'curator-framework',
  'curator-client',
  'zookeeper',
  'guava',
  'slf4j-nop',
].map((name) => `/usr/share/java/${name}.jar`);
const missing = [...jars.filter((jar) => !existsSync(jar)), ...(which('javac') === null ? ['javac'] : [])];
const source = resolve(import.meta.dirname, 'java/CuratorLeader.java');

let classes: TempDirectory | null = null;

/** A Java process that stands for election with Curator, obeying one command at a time. */
class CuratorCandidate implements AsyncDisposable {
  readonly child: Child;

  private constructor(child: Child) {
    this.child = child;
  }

  static async start(connectString: string): Promise<CuratorCandidate> {
    const classPath = [classes!.path, ...jars].join(delimiter);
    const child = new Child('java', ['-Xmx256m', '-cp', classPath, 'CuratorLeader', connectString]);
    await child.waitFor(/ready/, 60_000);
    return new CuratorCandidate(child);
  }

  say(command: string): void {
    this.child.process.stdin!.write(`${command}\n`);
  }

  hear(pattern: RegExp): Promise<RegExpExecArray> {
    return this.child.waitFor(pattern, 60_000);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.child[Symbol.asyncDispose]();
  }
}

function describeCurator(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`elections with Java Curator on ${name}`, () => {
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

    test('LeaderLatch: ours first, then Java, then ours, who all see each other', async () => {
      const path = '/latches';
      await using java = await CuratorCandidate.start(server.connectString);
      const first = await LeaderLatch.start(client, path, { id: 'first' });
      await first.leadership();
      java.say(`latch ${path} java`);
      await untilChildren(client, path, 2);
      await using last = await LeaderLatch.start(client, path, { id: 'last' });
      expect((await last.participants()).map(({ id, isLeader }) => [id, isLeader])).toEqual([
        ['first', true],
        ['java', false],
        ['last', false],
      ]);
      java.say('participants');
      expect((await java.hear(/participants (.+)/))[1]).toBe('first* java last');
      java.say('leading');
      await client.sync();
      expect(java.child.output).not.toContain('leads');
      await first.close();
      await java.hear(/leads/);
      expect(last.hasLeadership).toBe(false);
      expect(await last.leader()).toMatchObject({ id: 'java' });
      java.say('close');
      const term = await last.leadership();
      expect(term.held).toBe(true);
    });

    test('LeaderLatch: a Java leader that is killed is followed by ours', async () => {
      const path = '/killed';
      await using java = await CuratorCandidate.start(server.connectString);
      java.say(`latch ${path} java`);
      java.say('leading');
      await java.hear(/leads/);
      await using latch = await LeaderLatch.start(client, path);
      expect(latch.hasLeadership).toBe(false);
      await java.child.stop('SIGKILL');
      await latch.leadership();
    });

    test('LeaderSelector: ours first, then Java, then ours', async () => {
      const path = '/selectors';
      await using java = await CuratorCandidate.start(server.connectString);
      const turns = [gate(), gate()];
      const finish = gate();
      let turn = 0;
      await using ours = await LeaderSelector.start(client, path, {
        id: 'ours',
        autoRequeue: true,
        takeLeadership: async ({ signal }) => {
          turns[turn++]?.open();
          if (turn === 1) await finish.opened;
          else await new Promise((done) => signal.addEventListener('abort', done));
        },
      });
      await turns[0]!.opened;
      java.say(`selector ${path} java`);
      await untilChildren(client, path, 2);
      expect((await ours.participants()).map(({ id }) => id)).toEqual(['ours', 'java']);
      java.say('participants');
      expect((await java.hear(/participants (.+)/))[1]).toBe('ours* java');
      java.say('leading');
      finish.open();
      await java.hear(/leads/);
      expect(ours.hasLeadership).toBe(false);
      while ((await ours.participants()).map(({ id }) => id).join() !== 'java,ours') await client.sync();
      java.say('resign');
      await turns[1]!.opened;
      expect(await ours.leader()).toMatchObject({ id: 'ours' });
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
