import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NodeExistsError, text } from '../../client/index.ts';
import {
  DistributedAtomicInteger,
  DistributedBarrier,
  DistributedDoubleBarrier,
  GroupMember,
  InterProcessMutex,
  LeaderSelector,
  SharedCount,
  SimpleDistributedQueue,
} from '../../recipes/index.ts';
import { describeOnBoth } from '../kit/both-servers.ts';
import { PeerProgram } from '../kit/peer-program.ts';
import { Child } from '../kit/processes.ts';
import { gate } from '../recipes/leader/waiting.ts';
import { settledOf, untilChildren } from '../recipes/lock/helpers.ts';

// What of kazoo can share a path, some of it with the names of nodes set as docs/recipes/README.md says; the rest has other nodes.

const PYTHON = '/usr/bin/python3';
const SOURCE = fileURLToPath(new URL('./python/recipes.py', import.meta.url));
const hasKazoo = spawnSync(PYTHON, ['-c', 'import kazoo']).status === 0;
const missing = hasKazoo ? null : 'not installed; apt-get install python3-kazoo';

describeOnBoth('recipes shared with kazoo', missing, (on) => {
  let kazoo: PeerProgram;
  const start = () => PeerProgram.of(new Child(PYTHON, [SOURCE, on.connectString]));
  beforeAll(async () => {
    kazoo = await start();
    // They would be containers otherwise, which go away while they are empty, and kazoo looks only once whether they are there.
    for (const path of ['/lock', '/turns', '/election', '/party', '/queue']) await on.client.create(path);
  });
  afterAll(() => kazoo?.[Symbol.asyncDispose]());

  test('a counter that both change', async () => {
    const count = await SharedCount.start(on.client, '/count', 5);
    expect(await kazoo.ask('value /count')).toBe('5');
    const heard = new Promise<number>((resolve) => count.onChange(resolve));
    await kazoo.ask('add /count -7');
    expect(await heard).toBe(-2);
    const ours = new DistributedAtomicInteger(on.client, '/count');
    const rounds = Array.from({ length: 20 }, (_, i) => i);
    await Promise.all(rounds.map((i) => (i % 2 === 0 ? kazoo.ask('add /count 1') : ours.increment())));
    expect(await kazoo.ask('value /count')).toBe('18');
    await count.close();
  });

  test('a barrier that one sets and the other removes', async () => {
    const ours = new DistributedBarrier(on.client, '/barrier');
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
    await using second = await start();
    const ours = new DistributedDoubleBarrier(on.client, '/double', 3);
    for (let round = 0; round < 3; round++) {
      const entered = [ours.enter(), kazoo.ask('enter /double 3'), second.ask('enter /double 3')];
      expect(await Promise.all(entered)).toEqual([undefined, 'inside', 'inside']);
      const left = [kazoo.ask('leave /double'), ours.leave(), second.ask('leave /double')];
      expect(await Promise.all(left)).toEqual(['outside', undefined, 'outside']);
    }
  });

  test('a lock with the names of ours: each waits for the other, in both orders', async () => {
    const mutex = new InterProcessMutex(on.client, '/lock', { data: 'ours' });
    const lease = await mutex.acquire();
    expect(await kazoo.ask('attempt /lock kazoo')).toBe('False');
    const asked = kazoo.ask('acquire /lock kazoo');
    await untilChildren(on.client, '/lock', 2);
    expect(await kazoo.ask('contenders /lock -')).toBe('ours,kazoo');
    expect((await mutex.inspect()).waiters.map(({ data }) => String(data))).toEqual(['kazoo']);
    expect(await settledOf(on.client, [asked])).toBe(0);
    await lease.release();
    expect(await asked).toBe('True');
    await expect(mutex.acquire({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'AcquireTimeout' });
    const waiting = mutex.acquire();
    await untilChildren(on.client, '/lock', 2);
    expect(await settledOf(on.client, [waiting])).toBe(0);
    await kazoo.ask('release /lock -');
    await (await waiting).release();
  });

  test('both take turns with it, never two inside', async () => {
    await using second = await start();
    const mutex = new InterProcessMutex(on.client, '/turns');
    const theirs = [kazoo, second].map((each) => each.ask('turns /turns 30'));
    let wrong = 0;
    for (let i = 0; i < 30; i++) {
      await using _lease = await mutex.acquire();
      try {
        await on.client.create('/turns-room', '', { mode: 'ephemeral' });
        await on.client.delete('/turns-room');
      } catch (error) {
        if (!(error instanceof NodeExistsError)) throw error;
        wrong++;
      }
    }
    expect([wrong, ...(await Promise.all(theirs))]).toEqual([0, '0', '0']);
  });

  test('an election with that lock: ours first, then kazoo, then ours', async () => {
    const turns = [gate(), gate()];
    const finish = gate();
    let turn = 0;
    await using ours = await LeaderSelector.start(on.client, '/election', {
      id: 'ours',
      autoRequeue: true,
      takeLeadership: async ({ signal }) => {
        turns[turn++]?.open();
        if (turn === 1) await finish.opened;
        else await new Promise((done) => signal.addEventListener('abort', done));
      },
    });
    await turns[0]!.opened;
    const led = kazoo.ask('lead /election kazoo');
    await untilChildren(on.client, '/election', 2);
    expect((await ours.participants()).map(({ id }) => id)).toEqual(['ours', 'kazoo']);
    expect(await kazoo.ask('contenders /election -')).toBe('ours,kazoo');
    finish.open();
    while ((await ours.participants()).map(({ id }) => id).join() !== 'kazoo,ours') await on.client.sync();
    expect([ours.hasLeadership, turn]).toEqual([false, 1]);
    await kazoo.ask('resign /election -');
    expect(await led).toBe('led');
    await turns[1]!.opened;
  });

  test('a shallow party and a group: each sees the other come and go', async () => {
    const member = await GroupMember.start(on.client, '/party', 'ours');
    await kazoo.ask('join /party theirs');
    expect(await kazoo.ask('party /party -')).toBe('ours,theirs');
    const ids = () => [...member.members().keys()].map((id) => id.replace(/^[0-9a-f]{32}-/, '')).sort();
    while (ids().length < 2) await on.client.sync();
    expect(ids()).toEqual(['ours', 'theirs']);
    await kazoo.ask('part /party -');
    while (ids().length > 1) await on.client.sync();
    expect(ids()).toEqual(['ours']);
    await member.close();
    expect(await kazoo.ask('party /party -')).toBe('');
  });

  test('a simple queue that both fill and empty: every item comes once, in order', async () => {
    await using queue = new SimpleDistributedQueue(on.client, '/queue', { codec: text });
    await queue.offer('a');
    await kazoo.ask('put /queue b');
    await queue.offer('c');
    expect(await kazoo.ask('get /queue -')).toBe('a');
    expect(await queue.poll()).toBe('b');
    expect(await kazoo.ask('get /queue -')).toBe('c');
    expect(await kazoo.ask('get /queue -')).toBe('nothing');
    const taken = queue.take();
    await kazoo.ask('put /queue d');
    expect(await taken).toBe('d');
    const items = Array.from({ length: 40 }, (_, i) => `item-${i}`);
    for (const [i, item] of items.entries())
      await (i % 2 === 0 ? queue.offer(item) : kazoo.ask(`put /queue ${item}`));
    const got = items.map((_, i) => (i % 2 === 0 ? queue.take() : kazoo.ask('get /queue -')));
    expect((await Promise.all(got)).sort()).toEqual([...items].sort());
  });
});
