import { open, rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../client/index.ts';
import {
  type InterProcessLock,
  InterProcessMultiLock,
  InterProcessMutex,
  InterProcessSemaphoreMutex,
} from '../../recipes/index.ts';
import { describeOnBoth } from '../kit/both-servers.ts';
import { startCurator } from '../kit/curator.ts';
import { javaProgramsMissing } from '../kit/java-programs.ts';
import type { PeerProgram } from '../kit/peer-program.ts';
import { type TempDirectory, tempDirectory } from '../kit/temp.ts';
import { settledOf, untilChildren } from '../recipes/lock/helpers.ts';

/** How often two of ours and two of Java's take the lock, each. */
const TURNS = 40;

interface Kind {
  readonly name: string;
  readonly make: (client: ZooKeeperClient, path: string) => InterProcessLock;
  /** Where one who waits behind a holder is seen, and how many are there then. */
  readonly line: string;
  readonly inLine: number;
}

const kinds: readonly Kind[] = [
  { name: 'mutex', make: (client, path) => new InterProcessMutex(client, path), line: '', inLine: 2 },
  {
    name: 'semaphore-mutex',
    make: (client, path) => new InterProcessSemaphoreMutex(client, path),
    line: '/leases',
    inLine: 2,
  },
  {
    name: 'multi',
    make: (client, path) =>
      new InterProcessMultiLock([
        new InterProcessMutex(client, `${path}/one`),
        new InterProcessSemaphoreMutex(client, `${path}/two`),
      ]),
    line: '/one',
    inLine: 2,
  },
];

/** Takes the lock so many times, entering a room that admits one; returns how often somebody else was in it. */
async function takeTurns(lock: InterProcessLock, room: string): Promise<number> {
  let shared = 0;
  for (let i = 0; i < TURNS; i++) {
    await using _lease = await lock.acquire();
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

describeOnBoth('locks shared with Java Curator', javaProgramsMissing(), (on) => {
  let temp: TempDirectory;
  let java: PeerProgram;
  let another: PeerProgram;
  beforeAll(async () => {
    temp = await tempDirectory();
    java = await startCurator('CuratorLock', on.connectString);
    another = await startCurator('CuratorLock', on.connectString);
  });
  afterAll(async () => {
    await java?.[Symbol.asyncDispose]();
    await another?.[Symbol.asyncDispose]();
    await temp?.[Symbol.asyncDispose]();
  });

  describe.each(kinds)('$name', ({ name, make, line, inLine }) => {
    test('each waits for the other, in both orders', async () => {
      const path = `/both-orders-${name}`;
      const lock = make(on.client, path);
      await java.ask(`use ${name} ${path}`);
      const ours = await lock.acquire();
      expect(await java.ask('try')).toBe('false');
      const asked = java.ask('acquire');
      await untilChildren(on.client, path + line, inLine);
      expect(await settledOf(on.client, [asked])).toBe(0);
      await ours.release();
      await asked;
      const waiting = lock.acquire();
      await untilChildren(on.client, path + line, inLine);
      expect(await settledOf(on.client, [waiting])).toBe(0);
      await expect(lock.acquire({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'AcquireTimeout' });
      await untilChildren(on.client, path + line, inLine);
      if (lock instanceof InterProcessMutex) {
        const seen = (await java.ask('participants')).split(' ');
        expect(seen).toEqual(await lock.participants());
        expect(seen.length).toBe(2);
      }
      await java.ask('release');
      await (await waiting).release();
      await untilChildren(on.client, path + line, 0);
    });

    test('two of ours and two of Java take turns, never two in the room', async () => {
      const path = `/turns-${name}`;
      const room = temp.at(`room-${name}`);
      await using other = await connect(on.connectString);
      for (const each of [java, another]) await each.ask(`use ${name} ${path}`);
      const theirs = [java, another].map((each) => each.ask(`turns ${TURNS} ${room}`));
      const ours = [on.client, other].map((client) => takeTurns(make(client, path), room));
      expect(await Promise.all(ours)).toEqual([0, 0]);
      expect(await Promise.all(theirs)).toEqual(['0', '0']);
      await untilChildren(on.client, path + line, 0);
    });

    test('a Java holder that is killed frees the lock for ours when its session expires', async () => {
      const path = `/killed-${name}`;
      await using victim = await startCurator('CuratorLock', on.connectString, { sessionTimeoutMs: 2_000 });
      await victim.ask(`use ${name} ${path}`);
      await victim.ask('acquire');
      const waiting = make(on.client, path).acquire({ timeoutMs: 60_000 });
      await untilChildren(on.client, path + line, inLine);
      await victim.kill();
      await (await waiting).release();
    });
  });
});
