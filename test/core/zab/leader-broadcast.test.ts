import { describe, expect, test } from 'vitest';
import { LeaderBroadcast, type Proposal } from '../../../core/zab/leader-broadcast.ts';
import { Majority } from '../../../core/zab/quorum.ts';
import { makeZxid } from '../../../wire/ids.ts';
import { OpCode } from '../../../wire/opcodes.ts';

function broadcastOf(voters: number[], lastZxid = 0) {
  const proposed: number[] = [];
  const committed: number[] = [];
  const broadcast = new LeaderBroadcast<null>(new Majority(voters), lastZxid, {
    propose: ({ zxid }) => proposed.push(zxid),
    commit: ({ zxid }) => committed.push(zxid),
  });
  const propose = (zxid = broadcast.nextZxid()): void => {
    const header = { clientId: 1n, cxid: 1, zxid, time: 0, type: OpCode.error };
    const logged = { header, txn: { type: OpCode.error, body: { err: -1 } }, digest: null };
    broadcast.propose({ zxid, logged, bytes: Buffer.alloc(0), request: null } satisfies Proposal<null>);
  };
  return { broadcast, proposed, committed, propose };
}

describe('LeaderBroadcast', () => {
  test('commits in order what a quorum has, and nothing twice', () => {
    const { broadcast, proposed, committed, propose } = broadcastOf([1, 2, 3]);
    for (let i = 0; i < 5; i++) propose();
    expect(proposed).toEqual([1, 2, 3, 4, 5]);
    broadcast.processAck(1, 4);
    expect(committed).toEqual([]);
    broadcast.processAck(2, 2);
    expect(committed).toEqual([1, 2]);
    broadcast.processAck(2, 1);
    broadcast.processAck(3, 5);
    expect(committed).toEqual([1, 2, 3, 4]);
    broadcast.processAck(1, 5);
    expect([committed, broadcast.outstandingCount, broadcast.lastCommitted]).toEqual([[1, 2, 3, 4, 5], 0, 5]);
  });

  test('who is no voter does not count', () => {
    const { broadcast, committed, propose } = broadcastOf([1, 2, 3]);
    propose();
    broadcast.processAck(1, 1);
    broadcast.processAck(9, 1);
    broadcast.processAck(10, 1);
    expect(committed).toEqual([]);
  });

  test('refuses a proposal out of its place', () => {
    const { propose } = broadcastOf([1]);
    propose();
    expect(() => propose(1)).toThrow();
    expect(() => propose(3)).toThrow();
  });

  test('a commit may propose more', () => {
    const committed: number[] = [];
    let more = 3;
    const broadcast: LeaderBroadcast<null> = new LeaderBroadcast<null>(new Majority([1]), 0, {
      propose: () => {},
      commit: ({ zxid, logged }) => {
        committed.push(zxid);
        if (more-- > 0) {
          const next = broadcast.nextZxid();
          broadcast.propose({ zxid: next, logged, bytes: Buffer.alloc(0), request: null });
        }
      },
    });
    const header = { clientId: 1n, cxid: 1, zxid: 1, time: 0, type: OpCode.error };
    const logged = { header, txn: { type: OpCode.error, body: { err: -1 } }, digest: null };
    broadcast.propose({ zxid: 1, logged, bytes: Buffer.alloc(0), request: null });
    broadcast.processAck(1, 1);
    expect(committed).toEqual([1]);
    broadcast.processAck(1, 2);
    broadcast.processAck(1, 3);
    expect(committed).toEqual([1, 2, 3]);
  });

  test('a server alone goes on in the next epoch when the counter has run out, an ensemble must elect', () => {
    const last = makeZxid(7, 0xffff_fffe);
    const alone = broadcastOf([1], last);
    alone.propose();
    alone.propose();
    alone.propose();
    expect(alone.proposed).toEqual([makeZxid(7, 0xffff_ffff), makeZxid(8, 1), makeZxid(8, 2)]);
    alone.broadcast.processAck(1, makeZxid(8, 2));
    expect(alone.committed).toEqual(alone.proposed);
    const ensemble = broadcastOf([1, 2, 3], makeZxid(7, 0xffff_ffff));
    expect(() => ensemble.propose()).toThrow(/epoch/);
  });

  test('many outstanding proposals are forgotten as they are committed', () => {
    const { broadcast, committed, propose } = broadcastOf([1]);
    for (let i = 0; i < 5000; i++) propose();
    for (let acked = 7; acked < 5000; acked += 7) {
      broadcast.processAck(1, acked);
      expect(broadcast.outstandingCount).toBe(5000 - acked);
    }
    broadcast.processAck(1, 5000);
    expect(committed).toEqual(Array.from({ length: 5000 }, (_, at) => at + 1));
  });
});

test('majorities', () => {
  const contains = (voters: number[], servers: number[]) => new Majority(voters).contains(new Set(servers));
  expect(contains([1], [1])).toBe(true);
  expect(contains([1], [])).toBe(false);
  expect(contains([1, 2, 3, 4], [1, 2])).toBe(false);
  expect(contains([1, 2, 3, 4], [1, 2, 3])).toBe(true);
  expect(contains([1, 2, 3], [1, 8, 9])).toBe(false);
});
