import { expect, test } from 'vitest';
import { LeaderLatch, LeaderSelector } from '../../recipes/index.ts';
import { describeOnBoth } from '../kit/both-servers.ts';
import { type CuratorOptions, startCurator } from '../kit/curator.ts';
import { javaProgramsMissing } from '../kit/java-programs.ts';
import { gate, untilChildren } from '../recipes/leader/waiting.ts';
import { settledOf } from '../recipes/lock/helpers.ts';

describeOnBoth('elections with Java Curator', javaProgramsMissing(), (on) => {
  const start = (options?: CuratorOptions) => startCurator('CuratorLeader', on.connectString, options);

  test('LeaderLatch: ours first, then Java, then ours, who all see each other', async () => {
    const path = '/latches';
    await using java = await start();
    const first = await LeaderLatch.start(on.client, path, { id: 'first' });
    await first.leadership();
    await java.ask(`latch ${path} java`);
    await untilChildren(on.client, path, 2);
    await using last = await LeaderLatch.start(on.client, path, { id: 'last' });
    expect((await last.participants()).map(({ id, isLeader }) => [id, isLeader])).toEqual([
      ['first', true],
      ['java', false],
      ['last', false],
    ]);
    expect(await java.ask('participants')).toBe('first* java last');
    const leads = java.ask('leading');
    expect(await settledOf(on.client, [leads])).toBe(0);
    await first.close();
    await leads;
    expect(last.hasLeadership).toBe(false);
    expect(await last.leader()).toMatchObject({ id: 'java' });
    await java.ask('close');
    const term = await last.leadership();
    expect(term.held).toBe(true);
  });

  test('LeaderLatch: a Java leader that is killed is followed by ours', async () => {
    const path = '/killed';
    await using java = await start({ sessionTimeoutMs: 2_000 });
    await java.ask(`latch ${path} java`);
    await java.ask('leading');
    await using latch = await LeaderLatch.start(on.client, path);
    expect(latch.hasLeadership).toBe(false);
    await java.kill();
    await latch.leadership();
  });

  test('LeaderSelector: ours first, then Java, then ours', async () => {
    const path = '/selectors';
    await using java = await start();
    const turns = [gate(), gate()];
    const finish = gate();
    let turn = 0;
    await using ours = await LeaderSelector.start(on.client, path, {
      id: 'ours',
      autoRequeue: true,
      takeLeadership: async ({ signal }) => {
        turns[turn++]?.open();
        if (turn === 1) await finish.opened;
        else await new Promise((done) => signal.addEventListener('abort', done));
      },
    });
    await turns[0]!.opened;
    await java.ask(`selector ${path} java`);
    await untilChildren(on.client, path, 2);
    expect((await ours.participants()).map(({ id }) => id)).toEqual(['ours', 'java']);
    expect(await java.ask('participants')).toBe('ours* java');
    const leads = java.ask('leading');
    expect(await settledOf(on.client, [leads])).toBe(0);
    finish.open();
    await leads;
    expect(ours.hasLeadership).toBe(false);
    while ((await ours.participants()).map(({ id }) => id).join() !== 'java,ours') await on.client.sync();
    await java.ask('resign');
    await turns[1]!.opened;
    expect(await ours.leader()).toMatchObject({ id: 'ours' });
  });
});
