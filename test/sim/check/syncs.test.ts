import { expect, test } from 'vitest';
import { Recorder } from '../../history/history.ts';
import { checkSyncs } from './syncs.ts';

function history(syncZxid: number): Recorder {
  let nowMs = 0;
  const recorder = new Recorder(() => nowMs++);
  const write = recorder.invoke(1n, { type: 'set', path: '/a', data: 'a', version: -1 });
  recorder.settle(write, { kind: 'ok', zxid: 7, nodes: [null] }, 'server 1');
  const sync = recorder.invoke(2n, { type: 'sync', path: '/a' });
  recorder.settle(sync, { kind: 'ok', zxid: syncZxid, nodes: [] }, 'server 2');
  return recorder;
}

test('a sync shows what was acknowledged before it', () => {
  expect(checkSyncs(history(7))).toEqual([]);
  expect(checkSyncs(history(6))).toEqual([expect.stringContaining('does not show')]);
});
