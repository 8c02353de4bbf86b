import { expect, test } from 'vitest';
import { DistributedBarrier, DistributedDoubleBarrier } from '../../recipes/index.ts';
import { describeOnBoth } from '../kit/both-servers.ts';
import { type CuratorOptions, startCurator } from '../kit/curator.ts';
import { javaProgramsMissing } from '../kit/java-programs.ts';

describeOnBoth('barriers shared with Java Curator', javaProgramsMissing(), (on) => {
  const start = (options?: CuratorOptions) => startCurator('CuratorBarriers', on.connectString, options);
  const untilMembers = async (path: string, count: number): Promise<void> => {
    for (;;) {
      const names = await on.client.children(path).catch(() => []);
      if (names.filter((each) => each !== 'ready').length === count) return;
      await on.client.sync();
    }
  };

  test('a barrier that one sets and the other removes', async () => {
    await using java = await start();
    const ours = new DistributedBarrier(on.client, '/barrier');
    await java.ask('set /barrier -');
    await expect(ours.wait({ timeoutMs: 0 })).rejects.toThrow('not open');
    const waiting = [ours.wait(), java.ask('wait /barrier -')];
    await on.client.sync();
    expect(java.answers).not.toContain('through');
    await java.ask('remove /barrier -');
    expect(await Promise.all(waiting)).toEqual([undefined, 'through']);
    await ours.set();
    const theirs = java.ask('wait /barrier -');
    await on.client.sync();
    await ours.remove();
    expect(await theirs).toBe('through');
  });

  test('a double barrier with members of both, round after round', async () => {
    await using first = await start();
    await using second = await start();
    const ours = Array.from({ length: 2 }, () => new DistributedDoubleBarrier(on.client, '/double', 4));
    for (let round = 0; round < 4; round++) {
      // A different one comes last each time.
      const comers = [
        () => first.ask('enter /double 4'),
        () => ours[0]!.enter(),
        () => second.ask('enter /double 4'),
        () => ours[1]!.enter(),
      ];
      const goers = [
        () => first.ask('leave /double 4'),
        () => ours[0]!.leave(),
        () => second.ask('leave /double 4'),
        () => ours[1]!.leave(),
      ];
      for (const turns of [comers, goers]) {
        const order = [...turns.slice(round), ...turns.slice(0, round)];
        let through = 0;
        const early = order.slice(0, 3).map((go) => go().then(() => through++));
        if (turns === comers) await untilMembers('/double', 3);
        await on.client.sync();
        expect(through).toBe(0);
        await Promise.all([...early, order[3]!()]);
      }
      await untilMembers('/double', 0);
    }
  });

  test('a Java member that is killed inside has left', async () => {
    await using java = await start({ sessionTimeoutMs: 2_000 });
    const ours = new DistributedDoubleBarrier(on.client, '/killed', 2);
    await Promise.all([ours.enter(), java.ask('enter /killed 2')]);
    const leaving = ours.leave({ timeoutMs: 60_000 });
    await java.kill();
    await leaving;
  });
});
