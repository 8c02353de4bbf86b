import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ClusterMembership,
  GroupMember,
  PersistentNode,
  PersistentTtlNode,
  ZNodeCache,
} from '../../recipes/index.ts';
import { describeOnBoth } from '../kit/both-servers.ts';
import { startCurator } from '../kit/curator.ts';
import { javaProgramsMissing } from '../kit/java-programs.ts';
import type { PeerProgram } from '../kit/peer-program.ts';

describeOnBoth('caches, groups and kept nodes shared with Java Curator', javaProgramsMissing(), (on) => {
  let java: PeerProgram;
  /** What Java knows, once it is so: its caches follow in their own time. */
  const untilJava = async (command: string, wanted: string): Promise<void> => {
    while ((await java.ask(command)) !== wanted) await on.client.sync();
  };
  const contents = (cache: ZNodeCache): string =>
    [...cache]
      .sort((one, two) => (one.path < two.path ? -1 : 1))
      .map(({ path, data }) => `${path}=${data.toString()}`)
      .join(' ');
  beforeAll(async () => {
    java = await startCurator('CuratorNodes', on.connectString);
  });
  afterAll(async () => {
    await java?.[Symbol.asyncDispose]();
  });

  test.each(['auto', 'one-shot'] as const)(
    'each cache sees what the other side writes, %s watches',
    async (watches) => {
      const top = `/tree-${watches}`;
      await on.client.create(`${top}/a/b`, 'B', { parents: true });
      await on.client.set(top, 'top');
      await on.client.set(`${top}/a`, 'A');
      await using cache = await ZNodeCache.start(on.client, top, { watches });
      expect(await java.ask(`cache ${top}`)).toBe('done');
      expect(contents(cache)).toBe(`${top}=top ${top}/a=A ${top}/a/b=B`);
      await untilJava(`holds ${top}`, contents(cache));
      await java.ask(`create ${top}/c/d/e E`);
      await java.ask(`set ${top}/c C`);
      await java.ask(`set ${top}/c/d D`);
      await java.ask(`delete ${top}/a`);
      await cache.sync();
      expect(contents(cache)).toBe(`${top}=top ${top}/c=C ${top}/c/d=D ${top}/c/d/e=E`);
      await untilJava(`holds ${top}`, contents(cache));
      await on.client.set(`${top}/c/d/e`, 'ours');
      await cache.sync();
      await untilJava(`holds ${top}`, contents(cache));
      expect(contents(cache)).toContain(`${top}/c/d/e=ours`);
    },
  );

  test('data that either compressed', async () => {
    const long = 'zookit'.repeat(1000);
    await java.ask(`pack /packed/theirs ${long}`);
    const stored = await on.client.get('/packed/theirs');
    expect(stored.data!.length).toBeLessThan(long.length / 10);
    const read = await on.client.get('/packed/theirs', { decompressed: true });
    expect(String(read.data)).toBe(long);
    await on.client.create('/packed/ours', long, { compressed: true });
    expect((await on.client.get('/packed/ours')).data!.length).toBeLessThan(long.length / 10);
    expect(await java.ask('unpack /packed/ours')).toBe(long);
  });

  test('one group of both', async () => {
    const path = '/group';
    const ours = await GroupMember.start(on.client, path, 'ours', 'typescript');
    expect(await java.ask(`join ${path} theirs java`)).toBe('done');
    await untilJava(`members ${path}`, 'ours=typescript theirs=java');
    await using onlooker = await ClusterMembership.start(on.client, path);
    expect(onlooker.members().map(({ id, value }) => [id, value])).toEqual([
      ['ours', 'typescript'],
      ['theirs', 'java'],
    ]);
    const left = new Promise<void>((resolve) => {
      onlooker.onChange(({ type, member }) => {
        if (type === 'left' && member.id === 'theirs') resolve();
      });
    });
    await ours.set('news');
    await untilJava(`members ${path}`, 'ours=news theirs=java');
    await java.ask(`leave ${path}`);
    await left;
    expect([...ours.members().keys()]).toEqual(['ours']);
    expect(await java.ask(`join ${path} again java`)).toBe('done');
    await ours.close();
    await untilJava(`members ${path}`, 'again=java');
  });

  test('a node that Java keeps is waited for, and kept when Java lets it go', async () => {
    expect(await java.ask('keep /kept theirs')).toBe('/kept');
    const waiting = PersistentNode.start(on.client, '/kept', 'ours');
    await on.client.sync();
    expect((await on.client.get('/kept')).data?.toString()).toBe('theirs');
    await java.ask('drop /kept');
    await using node = await waiting;
    expect((await on.client.get(node.path)).data?.toString()).toBe('ours');
  });

  test('a node with a time to live that both touch', async () => {
    expect(await java.ask('ttl /ttl 2000 theirs')).toBe('true');
    await using node = await PersistentTtlNode.start(on.client, '/ttl', 2_000, 'ours', { touchesPerTtl: 20 });
    let stat = await on.client.exists('/ttl/touch');
    while (stat === null || stat.version < 3) stat = await on.client.exists('/ttl/touch');
    expect((await on.client.get(node.path)).data?.toString()).toBe('ours');
  });
});
