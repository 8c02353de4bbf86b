import { existsSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { delimiter, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, NoNodeError, type ZooKeeperClient } from '../../client/index.ts';
import { InterProcessMutex } from '../../recipes/index.ts';
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
const source = resolve(import.meta.dirname, 'java/CuratorMutex.java');

let classes: TempDirectory | null = null;

/** A Java process with Curator's lock, obeying one command at a time. */
class CuratorContender implements AsyncDisposable {
  readonly child: Child;

  private constructor(child: Child) {
    this.child = child;
  }

  static async start(connectString: string, path: string, room: string): Promise<CuratorContender> {
    const classPath = [classes!.path, ...jars].join(delimiter);
    const child = new Child('java', [
      '-Xmx256m',
      '-cp',
      classPath,
      'CuratorMutex',
      connectString,
      path,
      room,
    ]);
    await child.waitFor(/ready/);
    return new CuratorContender(child);
  }

  say(command: string): void {
    this.child.process.stdin!.write(`${command}\n`);
  }

  hear(pattern: RegExp): Promise<RegExpExecArray> {
    return this.child.waitFor(pattern);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.child[Symbol.asyncDispose]();
  }
}

/** Takes the lock so many times, entering a room that admits one; returns how often somebody else was in it. */
async function takeTurns(mutex: InterProcessMutex, room: string, count: number): Promise<number> {
  let shared = 0;
  for (let i = 0; i < count; i++) {
    await using _lease = await mutex.acquire();
    try {
      await (await open(room, 'wx')).close();
      await pause(1);
      await rm(room);
    } catch {
      shared++;
    }
  }
  return shared;
}

function describeCurator(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`InterProcessMutex and Java Curator on ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    let temp: TempDirectory;
    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
      temp = await tempDirectory();
    });
    afterAll(async () => {
      await client?.close();
      await server?.[Symbol.asyncDispose]();
      await temp?.[Symbol.asyncDispose]();
    });

    /** Who stands in the queue. Its directory is a container: left empty, it is removed when the server looks. */
    const queue = (path: string): Promise<readonly string[]> =>
      client.children(path).catch((error: unknown) => {
        if (error instanceof NoNodeError) return [];
        throw error;
      });

    /** Resolves when so many stand in the queue. */
    const untilQueued = async (path: string, count: number): Promise<void> => {
      for (;;) {
        let wake: () => void = () => {};
        const change = new Promise<void>((done) => {
          wake = done;
        });
        if ((await client.children(path, { watch: () => wake() })).length === count) return;
        await change;
      }
    };

    test('each waits for the other, in both orders', async () => {
      const path = '/both-orders';
      const mutex = new InterProcessMutex(client, path);
      await using java = await CuratorContender.start(server.connectString, path, temp.at('room'));
      const ours = await mutex.acquire();
      java.say('acquire');
      await untilQueued(path, 2);
      expect(java.child.output).not.toContain('acquired');
      await ours.release();
      await java.hear(/acquired/);
      let granted = false;
      const waiting = mutex.acquire().then((lease) => {
        granted = true;
        return lease;
      });
      await untilQueued(path, 2);
      await client.sync();
      expect(granted).toBe(false);
      await expect(mutex.acquire({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'AcquireTimeout' });
      await untilQueued(path, 2);
      java.say('participants');
      const seen = (await java.hear(/participants (.+)/))[1]!.split(' ');
      expect(seen).toEqual(await mutex.participants());
      expect(seen.length).toBe(2);
      java.say('release');
      await java.hear(/released/);
      await (await waiting).release();
      expect(await queue(path)).toEqual([]);
    });

    test('two of ours and two of Java take turns, never two in the room', async () => {
      const path = '/turns';
      const room = temp.at('turns-room');
      await using first = await CuratorContender.start(server.connectString, path, room);
      await using second = await CuratorContender.start(server.connectString, path, room);
      await using otherClient = await connect(server.connectString);
      first.say('turns 100');
      second.say('turns 100');
      const shared = await Promise.all([
        takeTurns(new InterProcessMutex(client, path), room, 100),
        takeTurns(new InterProcessMutex(otherClient, path), room, 100),
      ]);
      expect(shared).toEqual([0, 0]);
      expect((await first.hear(/took .*/))[0]).toBe('took 100 turns, shared 0');
      expect((await second.hear(/took .*/))[0]).toBe('took 100 turns, shared 0');
      expect(await queue(path)).toEqual([]);
    });

    test('a Java holder that is killed frees the lock for ours when its session expires', async () => {
      const path = '/killed';
      await using java = await CuratorContender.start(server.connectString, path, temp.at('room'));
      java.say('acquire');
      await java.hear(/acquired/);
      const waiting = new InterProcessMutex(client, path).acquire({ timeoutMs: 30_000 });
      await untilQueued(path, 2);
      await java.child.stop('SIGKILL');
      await (await waiting).release();
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
