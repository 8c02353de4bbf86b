import { expect, test } from 'vitest';
import { connect } from '../../../client/index.ts';
import { fencedSet, InterProcessMutex } from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { buildPackage } from '../../kit/built.ts';
import { Child } from '../../kit/processes.ts';
import { holderScript } from './holder.ts';

test('a holder that was stopped past the end of its session cannot overwrite the node of its successor', async () => {
  using built = buildPackage();
  await using zk = await TestServer.start({ tickTimeMs: 100 });
  await using ours = await connect(zk.connectString);
  await ours.create('/value', 'none');
  await using child = new Child(process.execPath, [
    '--input-type=module',
    '-e',
    holderScript(built, zk.connectString),
  ]);
  await child.waitFor(/holding/);
  const waiting = new InterProcessMutex(ours, '/locks/shared').acquire();
  while ((await ours.children('/locks/shared')).length < 2) await ours.sync();
  child.process.kill('SIGSTOP');
  const lease = await waiting;
  await fencedSet(ours, lease, '/value', 'second');
  expect(child.output).not.toContain('outcome');
  child.process.kill('SIGCONT');
  // It took itself for the holder all the time, and nothing of what it wrote came through.
  await child.waitFor(/stopped/);
  expect(child.output).toContain('outcome FencedOut');
  expect(String((await ours.get('/value')).data)).toBe('second');
  await lease.release();
});
