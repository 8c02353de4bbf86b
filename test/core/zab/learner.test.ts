import { describe, expect, test } from 'vitest';
import { encode } from '../../../wire/codec.ts';
import { makeZxid } from '../../../wire/ids.ts';
import type { QuorumPacket } from '../../../wire/quorum.ts';
import { RevalidateReply } from '../../../wire/quorum-payloads.ts';
import { carrying, epochsOf, LAST, LearnerWorld, packet } from './fakes.ts';

const NEWLEADER = makeZxid(5, 0);
const [FIRST, SECOND, THIRD] = [makeZxid(5, 1), makeZxid(5, 2), makeZxid(5, 3)];
const LEADERINFO = packet('LEADERINFO', NEWLEADER);

function discovered(parts = {}): LearnerWorld {
  const world = new LearnerWorld(parts).hear(LEADERINFO);
  world.take();
  return world;
}

describe('a learner discovers', () => {
  test('with its accepted epoch, and promises a new one when it is on disk', () => {
    const world = new LearnerWorld({ epochs: epochsOf(4, 3, []) });
    expect(world.take()).toEqual(['send FOLLOWERINFO 400000000']);
    const fresh = new LearnerWorld().hear(LEADERINFO);
    expect(fresh.take().slice(1)).toEqual(['accepted 5', 'send ACKEPOCH 400000003']);
    expect(fresh.learner.epoch).toBe(5);
  });

  test('as an observer by another name', () => {
    expect(new LearnerWorld({ kind: 'observer' }).take()).toEqual(['send OBSERVERINFO 400000000']);
  });

  test('and accepts the same epoch again, from the same or another leader', () => {
    const world = new LearnerWorld({ epochs: epochsOf(5, 4, []) }).hear(LEADERINFO);
    expect(world.take().slice(1)).toEqual(['send ACKEPOCH 400000003']);
  });

  test.each([
    ['an older epoch', packet('LEADERINFO', makeZxid(3, 0)), /epoch 3 of the leader is older than 4/],
    ['anything else', packet('NEWLEADER', NEWLEADER), /began with NEWLEADER in place of LEADERINFO/],
  ])('and does not follow %s', (_, answer, reason) => {
    expect(new LearnerWorld().hear(answer).journal.at(-1)).toMatch(reason);
  });

  test('that it needs a snapshot, but does not hide its history in a promise', () => {
    const first = new LearnerWorld({ needsSnapshot: true }).hear(LEADERINFO);
    expect(first.take().at(-1)).toBe('send ACKEPOCH 400000003');
    const again = new LearnerWorld({ needsSnapshot: true, epochs: epochsOf(5, 4, []) }).hear(LEADERINFO);
    expect(again.take().at(-1)).toBe('send ACKEPOCH 0');
  });
});

describe('a learner synchronizes', () => {
  test('from a DIFF: transactions on disk, then the epoch, then the ACK', () => {
    const world = discovered();
    world.hear(packet('DIFF', SECOND), carrying('PROPOSAL', FIRST), packet('COMMIT', FIRST));
    expect(world.take()).toEqual(['log 500000001', 'commit 500000001']);
    world.hear(packet('NEWLEADER', NEWLEADER));
    world.learner.durable(LAST);
    expect(world.take()).toEqual([]);
    world.learner.durable(FIRST);
    expect(world.take()).toEqual(['current 5', 'send ACK 500000000']);
  });

  test('with what is proposed and not committed only behind the ACK', () => {
    const world = discovered();
    world.hear(packet('DIFF', FIRST), carrying('PROPOSAL', FIRST), packet('COMMIT', FIRST));
    world.hear(carrying('PROPOSAL', SECOND), packet('NEWLEADER', NEWLEADER), carrying('PROPOSAL', THIRD));
    world.hear(packet('COMMIT', SECOND));
    world.take();
    world.learner.durable(FIRST);
    expect(world.take()).toEqual([
      'current 5',
      'send ACK 500000000',
      'log 500000002',
      'log 500000003',
      'commit 500000002',
    ]);
    world.learner.durable(THIRD);
    expect(world.take()).toEqual(['send ACK 500000002', 'send ACK 500000003']);
  });

  test('from a snapshot: it is on disk before the epoch, and covers what was committed on top of it', () => {
    const world = discovered();
    world.hear(packet('SNAP', FIRST), carrying('PROPOSAL', FIRST), packet('COMMIT', FIRST));
    world.hear(carrying('PROPOSAL', SECOND), packet('COMMIT', SECOND), packet('NEWLEADER', NEWLEADER));
    world.learner.durable(SECOND);
    expect(world.take()).toEqual(['commit 500000002', 'persist']);
    world.persisted?.();
    expect(world.take()).toEqual(['current 5', 'send ACK 500000000']);
  });

  test('and does nothing with a snapshot that is on disk when the role has ended', () => {
    const world = discovered().hear(packet('SNAP', FIRST), packet('NEWLEADER', NEWLEADER));
    world.learner.lost('the connection is gone');
    world.take();
    world.persisted?.();
    expect(world.take()).toEqual([]);
  });

  test('from a TRUNC, and goes on from there', () => {
    const world = discovered().hear(
      packet('TRUNC', LAST - 1),
      carrying('PROPOSAL', LAST),
      packet('COMMIT', LAST),
    );
    expect(world.take()).toEqual(['truncate 400000002', 'log 400000003', 'commit 400000003']);
  });

  test('and fails where its log cannot be cut', () => {
    const world = discovered();
    world.canTruncate = false;
    expect(
      world
        .hear(packet('TRUNC', LAST - 1))
        .take()
        .at(-1),
    ).toMatch(/cannot be cut back to 0x400000002/);
  });

  test.each(['DIFF', 'TRUNC'] as const)('and fails at %s where it asked for a snapshot', (type) => {
    const world = discovered({ needsSnapshot: true, epochs: epochsOf(5, 4, []) });
    expect(world.hear(packet(type, 0)).take()).toEqual([
      `fail: the leader sent ${type} to a learner that needs a snapshot`,
    ]);
  });

  test('past what it has already, pings, and what a later version may say', () => {
    const world = discovered().hear(packet('DIFF', LAST), carrying('PROPOSAL', LAST), packet('COMMIT', LAST));
    world.hear(packet('PING', LAST), { ...packet('ACK'), type: 99 }, packet('NEWLEADER', NEWLEADER));
    expect(world.take()).toEqual(['current 5', 'send ACK 500000000']);
  });

  test('as an observer, from INFORM', () => {
    const world = discovered({ kind: 'observer' }).hear(packet('DIFF', LAST), carrying('INFORM', FIRST));
    world.hear(carrying('INFORM', FIRST));
    expect(world.take()).toEqual(['log 500000001', 'commit 500000001']);
  });

  test('as an observer that is shown proposals: INFORM commits them, and none is left for broadcast', () => {
    const world = discovered({ kind: 'observer' }).hear(packet('DIFF', LAST), carrying('PROPOSAL', FIRST));
    world.hear(carrying('PROPOSAL', SECOND), carrying('INFORM', FIRST), packet('NEWLEADER', NEWLEADER));
    expect(world.take()).toEqual(['log 500000001', 'commit 500000001']);
    world.learner.durable(FIRST);
    world.hear(carrying('INFORM', SECOND));
    expect(world.take()).toEqual(['current 5', 'send ACK 500000000', 'log 500000002', 'commit 500000002']);
  });

  test.each<[string, readonly QuorumPacket[], RegExp]>([
    [
      'a start without DIFF, TRUNC or SNAP',
      [packet('PROPOSAL', FIRST)],
      /began synchronization with PROPOSAL/,
    ],
    [
      'a gap',
      [packet('DIFF', SECOND), carrying('PROPOSAL', SECOND)],
      /proposes 0x500000002 after 0x400000003/,
    ],
    [
      'a commit of what was not proposed',
      [packet('DIFF', FIRST), packet('COMMIT', FIRST)],
      /commits 0x500000001, but nothing/,
    ],
    [
      'UPTODATE before its time',
      [packet('DIFF', LAST), packet('UPTODATE')],
      /sent UPTODATE during synchronization/,
    ],
    [
      'NEWLEADER of another epoch',
      [packet('DIFF', LAST), packet('NEWLEADER', makeZxid(6, 0))],
      /names epoch 6, but 5/,
    ],
    [
      'a PROPOSAL without data',
      [packet('DIFF', FIRST), packet('PROPOSAL', FIRST)],
      /PROPOSAL 0x500000001 holds no transaction/,
    ],
    [
      'a PROPOSAL of rubbish',
      [packet('DIFF', FIRST), packet('PROPOSAL', FIRST, Buffer.alloc(3))],
      /cannot be read/,
    ],
    [
      'a PROPOSAL of another zxid',
      [packet('DIFF', FIRST), { ...carrying('PROPOSAL', SECOND), zxid: FIRST }],
      /holds the transaction 0x500000002/,
    ],
  ])('and fails at %s', (_, packets, reason) => {
    const journal = discovered()
      .hear(...packets)
      .take();
    expect(journal).toEqual([expect.stringMatching(reason)]);
  });
});

describe('a learner in broadcast', () => {
  test('logs a proposal, acknowledges it when it is on disk, applies it when it is committed', () => {
    const world = LearnerWorld.following().hear(carrying('PROPOSAL', FIRST), carrying('PROPOSAL', SECOND));
    expect(world.take()).toEqual(['log 500000001', 'log 500000002']);
    expect(world.learner.proposed.map(({ zxid }) => zxid)).toEqual([FIRST, SECOND]);
    world.learner.durable(FIRST);
    world.hear(packet('COMMIT', FIRST));
    expect(world.take()).toEqual(['send ACK 500000001', 'commit 500000001']);
  });

  test('serves at UPTODATE, once, and acknowledges it', () => {
    const world = LearnerWorld.following().hear(packet('UPTODATE'), packet('UPTODATE'));
    expect(world.take()).toEqual(['send ACK 500000000', 'serve']);
  });

  test('answers pings, before UPTODATE too, and takes answers to its clients', () => {
    const world = LearnerWorld.following().hear(packet('PING', FIRST));
    const reply = encode(RevalidateReply, { sessionId: 7n, valid: true });
    world.hear(packet('UPTODATE'), packet('REVALIDATE', -1, reply), packet('SYNC', 0), {
      ...packet('ACK'),
      type: 99,
    });
    expect(world.take()).toEqual([
      'send PING 500000001',
      'send ACK 500000000',
      'serve',
      'revalidated 7 true',
      'synced',
    ]);
  });

  test('as an observer logs and applies at INFORM, and has no part in proposals', () => {
    const world = LearnerWorld.following({ kind: 'observer' });
    world.hear(carrying('PROPOSAL', FIRST), packet('COMMIT', FIRST), carrying('INFORM', FIRST));
    world.learner.durable(FIRST);
    expect(world.take()).toEqual(['log 500000001', 'commit 500000001']);
  });

  test.each<[string, readonly QuorumPacket[], RegExp]>([
    ['a gap', [carrying('PROPOSAL', SECOND)], /proposes 0x500000002 after 0x400000003: something is missing/],
    ['a proposal that comes twice', [carrying('PROPOSAL', LAST)], /proposes 0x400000003 after/],
    [
      'a commit out of order',
      [carrying('PROPOSAL', FIRST), packet('COMMIT', SECOND)],
      /commits 0x500000002, but 0x500000001 is next/,
    ],
    [
      'INFORM to a follower',
      [carrying('PROPOSAL', FIRST), carrying('INFORM', SECOND)],
      /sent INFORM 0x500000002 to a follower/,
    ],
    ['another synchronization', [packet('DIFF', LAST)], /sent DIFF during broadcast/],
    ['REVALIDATE without data', [packet('REVALIDATE')], /REVALIDATE names no session/],
    ['REVALIDATE of rubbish', [packet('REVALIDATE', -1, Buffer.alloc(3))], /need 8 bytes/],
  ])('fails at %s, once, and does nothing more', (_, packets, reason) => {
    const world = LearnerWorld.following().hear(...packets);
    expect(world.take().at(-1)).toMatch(reason);
    world.hear(packet('UPTODATE'), packet('PING', 0));
    world.learner.durable(FIRST);
    world.learner.lost('again');
    expect(world.take()).toEqual([]);
  });
});

describe('effects that call back', () => {
  test('a log that is durable at once: one ACK of NEWLEADER, before those of proposals', () => {
    const world = discovered().hear(packet('DIFF', LAST), carrying('PROPOSAL', FIRST));
    world.during = (effect) => {
      if (effect.startsWith('log')) world.learner.durable(Number.parseInt(effect.slice(4), 16));
    };
    world.hear(packet('NEWLEADER', NEWLEADER));
    expect(world.take()).toEqual(['current 5', 'send ACK 500000000', 'log 500000001', 'send ACK 500000001']);
  });

  test('a role that ends in the midst of what was kept for after NEWLEADER', () => {
    const world = discovered().hear(packet('SNAP', LAST), packet('NEWLEADER', NEWLEADER));
    world.hear(carrying('PROPOSAL', FIRST), carrying('PROPOSAL', SECOND));
    world.during = (effect) => {
      if (effect.startsWith('log')) world.learner.lost('the disk is full');
    };
    world.take();
    world.persisted?.();
    expect(world.take()).toEqual([
      'current 5',
      'send ACK 500000000',
      'log 500000001',
      'fail: the disk is full',
    ]);
  });
});
