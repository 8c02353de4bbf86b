import { describe, expect, test } from 'vitest';
import { CommittedLog } from '../../../core/zab/commit-log.ts';
import { type LoggedHistory, planSync, type SyncPlan } from '../../../core/zab/sync-plan.ts';
import { makeZxid } from '../../../wire/ids.ts';
import { withSeed } from '../../kit/seed.ts';
import { epochStart, ZabModel } from './zab-model.ts';

const FILE = 'test/core/zab/sync-plan.test.ts';
/** `z(4, 8)` is the eighth transaction of epoch 4. */
const z = makeZxid;

/** Transactions of an epoch from one counter to another. */
function run(epoch: number, from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => z(epoch, from + index));
}

function committedLog(base: number, zxids: readonly number[]): CommittedLog {
  const log = new CommittedLog(base);
  for (const zxid of zxids) log.add(zxid, Buffer.alloc(0));
  return log;
}

/** Log files that hold these transactions; with a gap they end before they reach memory. */
function logged(zxids: readonly number[], hasGap = false): LoggedHistory {
  const floor = (zxid: number) => zxids.findLast((held) => held <= zxid) ?? null;
  return { floor, reaches: (from, to) => !hasGap && zxids.includes(from) && zxids.includes(to) };
}

interface Case {
  readonly why: string;
  readonly peer: number;
  readonly base?: number;
  readonly held?: readonly number[];
  readonly processed?: number;
  readonly logs?: LoggedHistory;
  readonly plan: SyncPlan;
}

const diff = (zxid: number, from: number, fromDisk = false): SyncPlan => ({
  kind: 'diff',
  zxid,
  from,
  fromDisk,
});
const trunc = (zxid: number): SyncPlan => ({ kind: 'trunc', zxid });
const truncDiff = (zxid: number, fromDisk = false): SyncPlan => ({
  kind: 'trunc-diff',
  zxid,
  from: zxid,
  fromDisk,
});
const snap: SyncPlan = { kind: 'snap', reason: expect.any(String) };

const four = { base: z(4, 2), held: run(4, 3, 8) };
const fourThenSix = { base: z(4, 2), held: [...run(4, 3, 8), ...run(6, 1, 3)] };

describe('the choice for a learner', () => {
  const cases: readonly Case[] = [
    { why: 'that has everything', ...four, peer: z(4, 8), plan: diff(z(4, 8), z(4, 8)) },
    {
      why: 'that has everything, as the epoch begins',
      ...four,
      processed: z(6, 0),
      peer: z(6, 0),
      plan: diff(z(6, 0), z(6, 0)),
    },
    {
      why: 'that has all transactions, though the leader is an epoch further',
      ...four,
      processed: z(6, 0),
      peer: z(4, 8),
      plan: diff(z(4, 8), z(4, 8)),
    },
    { why: 'of two fresh servers', base: 0, held: [], peer: 0, plan: diff(0, 0) },
    {
      why: 'that is fresh, while the leader is not (ZOOKEEPER-4352)',
      base: 0,
      held: run(1, 1, 3),
      peer: 0,
      plan: snap,
    },
    { why: 'that lags within memory', ...four, peer: z(4, 5), plan: diff(z(4, 8), z(4, 5)) },
    {
      why: 'whose last transaction is the last that memory has dropped',
      ...four,
      peer: z(4, 2),
      plan: diff(z(4, 8), z(4, 2)),
    },
    { why: 'that lags into an older epoch', ...fourThenSix, peer: z(4, 8), plan: diff(z(6, 3), z(4, 8)) },
    {
      why: 'with a longer tail of the same epoch (ZOOKEEPER-2832)',
      ...four,
      peer: z(4, 11),
      plan: trunc(z(4, 8)),
    },
    {
      why: 'with a longer tail, though the leader is an epoch further',
      ...four,
      processed: z(6, 0),
      peer: z(4, 9),
      plan: trunc(z(4, 8)),
    },
    {
      why: 'with a tail of an epoch that is not in the history',
      ...four,
      peer: z(5, 2),
      plan: trunc(z(4, 8)),
    },
    {
      why: 'with a tail, where memory is empty',
      base: z(4, 8),
      held: [],
      peer: z(4, 9),
      plan: trunc(z(4, 8)),
    },
    {
      why: 'with a tail, where the history ends with the start of an epoch that no log holds',
      base: z(4, 0),
      held: [],
      peer: z(4, 2),
      plan: snap,
    },
    {
      why: 'that led, has a tail of its own and comes back after new writes',
      ...fourThenSix,
      peer: z(4, 10),
      plan: truncDiff(z(4, 8)),
    },
    {
      why: 'with a tail of an epoch between two of the history: TRUNC would cross an epoch',
      ...fourThenSix,
      peer: z(5, 1),
      plan: snap,
    },
    {
      why: 'with a tail of an epoch of which the history has the start only',
      base: z(4, 0),
      held: run(6, 1, 3),
      peer: z(4, 2),
      plan: snap,
    },
    {
      why: 'at the start of an epoch with transactions',
      ...fourThenSix,
      peer: z(6, 0),
      plan: diff(z(6, 3), z(4, 8)),
    },
    {
      why: 'at the start of an epoch without any',
      ...fourThenSix,
      peer: z(5, 0),
      plan: diff(z(6, 3), z(4, 8)),
    },
    {
      why: 'at the start of an epoch behind the history: it has no log to cut',
      ...four,
      peer: z(5, 0),
      plan: snap,
    },
    {
      why: 'at the start of an epoch behind the transactions, before the one that begins',
      ...four,
      processed: z(6, 0),
      peer: z(5, 0),
      plan: snap,
    },
    { why: 'that lags more, with no logs to use', ...four, peer: z(4, 1), plan: snap },
    {
      why: 'that lags more, with logs',
      ...four,
      logs: logged(run(4, 1, 5)),
      peer: z(4, 1),
      plan: diff(z(4, 8), z(4, 1), true),
    },
    {
      why: 'that lags more than the logs reach back',
      ...four,
      logs: logged(run(4, 2, 5)),
      peer: z(4, 1),
      plan: snap,
    },
    {
      why: 'that lags more, with a gap between logs and memory (ZOOKEEPER-2418)',
      base: z(4, 6),
      held: run(4, 7, 8),
      logs: logged(run(4, 1, 5)),
      peer: z(4, 1),
      plan: snap,
    },
    {
      why: 'that lags more, with a gap in the logs',
      ...four,
      logs: logged(run(4, 1, 5), true),
      peer: z(4, 1),
      plan: snap,
    },
    {
      why: 'that lags more and has a tail (ZOOKEEPER-2846)',
      base: z(6, 2),
      held: run(6, 3, 4),
      logs: logged([...run(4, 1, 8), ...run(6, 1, 4)]),
      peer: z(4, 10),
      plan: truncDiff(z(4, 8), true),
    },
    {
      why: 'that lags more and has a tail of another epoch',
      base: z(6, 2),
      held: run(6, 3, 4),
      logs: logged([...run(4, 1, 8), ...run(6, 1, 4)]),
      peer: z(5, 1),
      plan: snap,
    },
    {
      why: 'that lags more, at the start of an epoch',
      base: z(6, 2),
      held: run(6, 3, 4),
      logs: logged([...run(4, 1, 8), ...run(6, 1, 4)]),
      peer: z(6, 0),
      plan: diff(z(6, 4), z(4, 8), true),
    },
    {
      why: 'of a leader whose committed log ends before its tree (ZOOKEEPER-3526)',
      ...four,
      processed: z(4, 9),
      peer: z(4, 5),
      plan: snap,
    },
    {
      why: 'of a leader whose committed log begins anew with small numbers (ZOOKEEPER-3526)',
      base: 0,
      held: [1],
      processed: z(4, 8),
      peer: z(4, 7),
      plan: snap,
    },
    {
      why: 'of a leader whose committed log is ahead of its tree',
      ...four,
      processed: z(4, 7),
      peer: z(4, 5),
      plan: snap,
    },
  ];
  test.each(cases)('$why', ({ peer, base = 0, held = [], processed, logs = null, plan }) => {
    const committed = committedLog(base, held);
    const lastProcessedZxid = processed ?? committed.max;
    expect(planSync({ peerLastZxid: peer, committed, lastProcessedZxid, logged: logs })).toEqual(plan);
  });
});

describe('a learner that keeps snapshots of what it cuts off', () => {
  const planFor = (peerLastZxid: number, processed: number, held = four.held) => {
    const committed = committedLog(four.base, held);
    const situation = { peerLastZxid, committed, lastProcessedZxid: processed, logged: null };
    return planSync({ ...situation, cutsSnapshots: false });
  };

  test('is sent the tree where that makes the newer snapshot', () => {
    expect(planFor(z(4, 9), z(6, 0))).toEqual(snap);
    expect(planFor(z(4, 9), z(6, 3), fourThenSix.held)).toEqual(snap);
  });

  test('cuts as long as the leader has no epoch of its own, and gets what it lacks', () => {
    expect(planFor(z(4, 9), z(4, 8))).toEqual(trunc(z(4, 8)));
    expect(planFor(z(4, 5), z(6, 3), fourThenSix.held)).toEqual(diff(z(6, 3), z(4, 5)));
  });
});

test('over random ensembles every plan gives exactly the committed history and cuts nothing of it', async () => {
  await withSeed(FILE, (rng) => {
    const seen = { diff: 0, 'disk-diff': 0, trunc: 0, 'trunc-diff': 0, snap: 0 };
    for (let trial = 0; trial < 1500; trial++) {
      const model = new ZabModel(rng.fork());
      for (let epoch = rng.between(1, 8); epoch > 0; epoch--) {
        model.runEpoch((leader, peer) => {
          const { history } = leader;
          const from = rng.below(history.length + 1);
          // Memory may begin at the start of an epoch, where a snapshot came from a leader.
          const before = from === 0 ? 0 : (history[from - 1] as number);
          const base = rng.chance(10) ? epochStart(history[from] ?? leader.lastProcessedZxid) : before;
          const committed = committedLog(Math.max(base, before), history.slice(from));
          const onDisk = history.slice(rng.below(from + 1));
          const plan = planSync({
            peerLastZxid: peer.lastZxid,
            committed,
            lastProcessedZxid: leader.lastProcessedZxid,
            logged: rng.chance(70) ? logged(onDisk) : null,
          });
          check(plan, history, peer.history, committed, onDisk);
          const isFromDisk = plan.kind === 'diff' && plan.fromDisk;
          seen[isFromDisk ? 'disk-diff' : plan.kind] += 1;
          if (committed.floor(peer.lastZxid) === peer.lastZxid && peer.lastZxid > 0) {
            expect(plan.kind).toBe('diff');
          }
        });
      }
    }
    for (const [kind, count] of Object.entries(seen)) expect(count, kind).toBeGreaterThan(100);
  });
});

/** Carries the plan out on the peer's history. */
function check(
  plan: SyncPlan,
  history: readonly number[],
  peer: readonly number[],
  committed: CommittedLog,
  onDisk: readonly number[],
): void {
  if (plan.kind === 'snap') return;
  let result = [...peer];
  if (plan.kind !== 'diff') {
    expect(peer, 'a learner finds what it is told to cut back to').toContain(plan.zxid);
    for (const zxid of peer) if (zxid > plan.zxid) expect(history).not.toContain(zxid);
    result = peer.filter((zxid) => zxid <= plan.zxid);
  }
  if (plan.kind !== 'trunc') {
    if (plan.fromDisk) {
      const read = onDisk.filter((zxid) => zxid > plan.from && zxid <= committed.base);
      expect(read).toEqual(history.filter((zxid) => zxid > plan.from && zxid <= committed.base));
      result.push(...read);
    }
    const inMemory = committed.after(plan.fromDisk ? committed.base : plan.from);
    result.push(...inMemory.map(({ zxid }) => zxid));
  }
  expect(result).toEqual(history);
}
