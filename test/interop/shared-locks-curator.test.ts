import { existsSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InterProcessReadWriteLock, InterProcessSemaphoreV2, SharedCount } from '../../recipes/index.ts';
import { nameOf } from '../../wire/path.ts';
import { describeOnBoth } from '../kit/both-servers.ts';
import { startCurator } from '../kit/curator.ts';
import { javaProgramsMissing } from '../kit/java-programs.ts';
import { type TempDirectory, tempDirectory } from '../kit/temp.ts';
import { settledOf, untilChildren } from '../recipes/lock/helpers.ts';

const LIMIT = 2;

/** How often somebody else was in the room: 0 or 1. */
async function aloneIn(room: string): Promise<number> {
  try {
    await (await open(room, 'wx')).close();
  } catch {
    return 1;
  }
  await pause(1);
  await rm(room);
  return 0;
}

/** Takes one of the two seats of a room; 1 if both are taken. */
async function enter(room: string): Promise<number> {
  for (let seat = 0; seat < LIMIT; seat++) if ((await aloneIn(`${room}-${seat}`)) === 0) return 0;
  return 1;
}

describeOnBoth('locks shared with Java Curator', javaProgramsMissing(), (on) => {
  let temp: TempDirectory;
  const java = (path: string, sessionTimeoutMs = 30_000) =>
    startCurator('CuratorSharedLocks', on.connectString, {
      sessionTimeoutMs,
      args: [path, String(LIMIT)],
    });
  const lockOf = (path: string) => new InterProcessReadWriteLock(on.client, `${path}/rw`);
  const semaphoreOf = (path: string) => new InterProcessSemaphoreV2(on.client, `${path}/semaphore`, LIMIT);
  beforeAll(async () => {
    temp = await tempDirectory();
  });
  afterAll(async () => {
    await temp?.[Symbol.asyncDispose]();
  });

  test('readers of both hold at once; writers of either wait for readers of the other', async () => {
    await using theirs = await java('/a');
    const { path, readLock, writeLock } = lockOf('/a');
    const read = await readLock.acquire();
    expect(await theirs.ask('try-read')).toBe('true');
    expect(await theirs.ask('try-write')).toBe('false');
    const seen = (await theirs.ask('readers')).split(' ');
    expect(seen.sort()).toEqual((await readLock.participants()).sort());
    expect(seen.length).toBe(2);
    const writing = writeLock.acquire();
    await untilChildren(on.client, path, 3);
    await read.release();
    expect(await settledOf(on.client, [writing])).toBe(0);
    await theirs.ask('free-read');
    const write = await writing;
    expect(await theirs.ask('try-read')).toBe('false');
    const answer = theirs.ask('write');
    await untilChildren(on.client, path, 2);
    await write.release();
    expect(await answer).toBe('true');
    await expect(readLock.acquire({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'AcquireTimeout' });
    const reading = readLock.acquire();
    await untilChildren(on.client, path, 2);
    expect(await settledOf(on.client, [reading])).toBe(0);
    await theirs.ask('free-write');
    await (await reading).release();
  });

  test('a Java writer waits for the reader that ours was downgraded to', async () => {
    await using theirs = await java('/b');
    const { path, readLock, writeLock } = lockOf('/b');
    const write = await writeLock.acquire();
    const answer = theirs.ask('write');
    await untilChildren(on.client, path, 2);
    const read = await readLock.acquire({ lease: write });
    await write.release();
    expect(await settledOf(on.client, [answer])).toBe(0);
    expect(read.held).toBe(true);
    await read.release();
    expect(await answer).toBe('true');
    await theirs.ask('free-write');
  });

  test('a Java writer that downgraded has a number of its own; ours reads on beside it', async () => {
    await using theirs = await java('/c');
    const { path, readLock, writeLock } = lockOf('/c');
    await theirs.ask('write');
    await theirs.ask('read');
    const [downgraded, written] = (await on.client.children(path)).sort();
    expect(nameOf(downgraded!)).not.toBe(nameOf(written!));
    await theirs.ask('free-write');
    const read = await readLock.acquire();
    await expect(writeLock.acquire({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'AcquireTimeout' });
    const writing = writeLock.acquire();
    await untilChildren(on.client, path, 3);
    await read.release();
    expect(await settledOf(on.client, [writing])).toBe(0);
    await theirs.ask('free-read');
    await (await writing).release();
  });

  test('permits of both are counted together, in both orders', async () => {
    await using theirs = await java('/d');
    const semaphore = semaphoreOf('/d');
    const ours = await semaphore.acquire();
    await theirs.ask('permits 1');
    expect(await theirs.ask('holders')).toBe('2');
    expect(await theirs.ask('try-permits 1')).toBe('false');
    await expect(semaphore.acquire({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'AcquireTimeout' });
    // Theirs is first in line, then ours.
    const answer = theirs.ask('permits 1');
    await untilChildren(on.client, '/d/semaphore/leases', 3);
    const next = semaphore.acquire();
    await untilChildren(on.client, '/d/semaphore/locks', 2);
    await ours.release();
    expect(await answer).toBe('true');
    expect(await settledOf(on.client, [next])).toBe(0);
    await theirs.ask('free-permit');
    const granted = await next;
    await theirs.ask('free-permit');
    const both = theirs.ask('permits 2');
    await untilChildren(on.client, '/d/semaphore/leases', 3);
    await granted.release();
    expect(await both).toBe('true');
    await expect(semaphore.acquireMany(2, { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'AcquireTimeout',
    });
  });

  test('a shared count of permits: what either side sets holds for both', async () => {
    const count = await SharedCount.start(on.client, '/g/count', 1);
    await using theirs = await startCurator('CuratorSharedLocks', on.connectString, {
      args: ['/g', '9', '/g/count'],
    });
    const semaphore = new InterProcessSemaphoreV2(on.client, '/g/semaphore', count);
    const first = await semaphore.acquire();
    expect(await theirs.ask('try-permits 1')).toBe('false');
    // Each waits for the second permit there is not yet, Java first in line, and then for the third.
    const asked = theirs.ask('permits 1');
    await untilChildren(on.client, '/g/semaphore/leases', 2);
    const waiting = semaphore.acquire();
    await untilChildren(on.client, '/g/semaphore/locks', 2);
    expect(await settledOf(on.client, [asked, waiting])).toBe(0);
    await count.set(2);
    await asked;
    expect(await settledOf(on.client, [waiting])).toBe(0);
    await count.set(3);
    const second = await waiting;
    await count.set(1);
    await first.release();
    await second.release();
    await expect(semaphore.acquire({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'AcquireTimeout' });
    await theirs.ask('free-permit');
    await (await semaphore.acquire()).release();
    await count.close();
  });

  test('both take turns: writers are alone, and never more than the permits hold', async () => {
    await using first = await java('/e');
    const room = temp.at('room');
    const seats = temp.at('seats');
    const { readLock, writeLock } = lockOf('/e');
    const semaphore = semaphoreOf('/e');
    const turns = async (): Promise<number> => {
      let wrong = 0;
      for (let i = 0; i < 40; i++) {
        await using _lease = await (i % 2 === 0 ? writeLock : readLock).acquire();
        if (i % 2 === 0) wrong += await aloneIn(room);
        else if (existsSync(room)) wrong++;
      }
      return wrong;
    };
    const permitTurns = async (): Promise<number> => {
      let wrong = 0;
      for (let i = 0; i < 25; i++) {
        await using _lease = await semaphore.acquire();
        wrong += await enter(seats);
      }
      return wrong;
    };
    const theirs = first.ask(`turns 40 ${room}`);
    expect(await Promise.all([turns(), turns()])).toEqual([0, 0]);
    expect(await theirs).toBe('0');
    const permits = first.ask(`permit-turns 25 ${seats}`);
    expect(await Promise.all([permitTurns(), permitTurns()])).toEqual([0, 0]);
    expect(await permits).toBe('0');
  });

  test('what a Java process held that is killed comes back when its session expires', async () => {
    await using theirs = await java('/f', 2_000);
    await theirs.ask('permits 2');
    await theirs.ask('write');
    const reading = lockOf('/f').readLock.acquire();
    const permits = semaphoreOf('/f').acquireMany(2);
    await untilChildren(on.client, '/f/semaphore/leases', 4);
    await theirs.kill();
    await (await reading).release();
    await (await permits).release();
  });
});
