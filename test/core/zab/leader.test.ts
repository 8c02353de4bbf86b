import { describe, expect, test } from 'vitest';
import { Hierarchical, Majority } from '../../../core/zab/quorum.ts';
import { ByteWriter } from '../../../wire/bytes.ts';
import { encode } from '../../../wire/codec.ts';
import { EPOCH_MAX, makeZxid } from '../../../wire/ids.ts';
import { OpCode } from '../../../wire/opcodes.ts';
import { RevalidateRequest, writeForwardedRequest } from '../../../wire/quorum-payloads.ts';
import {
  epochsOf,
  INIT_TICKS,
  LAST,
  LeaderWorld,
  packet,
  SYNC_TICKS,
  TICK_MS,
  transaction,
} from './fakes.ts';

const NEWLEADER = makeZxid(5, 0);
const SYNC_MS = SYNC_TICKS * TICK_MS;
const INIT_MS = INIT_TICKS * TICK_MS;

function request(type: number): Buffer {
  const writer = new ByteWriter();
  writeForwardedRequest(writer, { sessionId: 1n, cxid: 9, type, body: Buffer.alloc(0) });
  return writer.finish();
}

describe('a leader discovers', () => {
  test('an epoch later than all that a quorum and observers have accepted, on disk before it is told', () => {
    const world = new LeaderWorld();
    const observer = world.learner().info(9, 11, { observer: true });
    expect([world.journal, observer.sent]).toEqual([[], []]);
    const follower = world.learner().info(2, 6);
    expect(world.journal).toEqual(['accepted 12']);
    expect([observer.sent, follower.sent]).toEqual([['LEADERINFO c00000000'], ['LEADERINFO c00000000']]);
  });

  test('no epoch from observers and strangers alone', () => {
    const world = new LeaderWorld();
    world.learner().info(8, 4, { observer: true });
    world.learner().info(9);
    expect(world.journal).toEqual([]);
  });

  test('that a promise counts once it is new: -1 is none', () => {
    const world = new LeaderWorld();
    const [second, third] = [world.learner().info(2), world.learner().info(3)];
    second.ackEpoch(LAST, -1);
    expect(world.journal).toEqual(['accepted 5']);
    third.ackEpoch();
    expect(world.journal).toEqual(['accepted 5', 'current 5']);
  });

  test.each([
    ['epoch', LAST, 5],
    ['zxid', LAST + 1, 4],
  ])('a follower that is ahead by its %s, and makes way', (_, zxid, current) => {
    const world = new LeaderWorld();
    const follower = world.learner().info(2).ackEpoch(zxid, current);
    expect(world.journal[1]).toMatch(/^fail: server 2 is ahead with epoch/);
    expect(follower.closed).toMatch(/ahead/);
  });

  test('an observer that is ahead, and goes on: the observer cannot lead', () => {
    const world = new LeaderWorld();
    const observer = world.learner();
    world.learner().info(2);
    observer.info(9, 4, { observer: true }).ackEpoch(LAST + 7, 5);
    expect([world.journal, observer.closed]).toEqual([['accepted 5'], null]);
  });

  test('a voter without weight that is ahead, and goes on', () => {
    const quorum = new Hierarchical([
      {
        id: 1,
        weights: new Map([
          [1, 1],
          [2, 1],
          [3, 0],
        ]),
      },
    ]);
    const world = new LeaderWorld({ quorum });
    world.learner().info(2);
    world
      .learner()
      .info(3)
      .ackEpoch(LAST + 7, 5);
    expect(world.journal).toEqual(['accepted 5']);
  });

  test('a voter that promised a later epoch, takes the promise over and makes way', () => {
    const { world } = LeaderWorld.serving();
    world.learner().info(3, 500);
    expect(world.journal[0]).toBe('accepted 500');
    expect(world.journal[1]).toBe('fail: server 3 has promised epoch 500, later than 5');
  });

  test('a stranger that promised a later epoch, and refuses it', () => {
    const { world } = LeaderWorld.serving();
    expect(world.learner().info(9, 500).closed).toMatch(/promised epoch 500/);
    expect(world.journal).toEqual([]);
  });

  test('that the epochs have run out, and refuses who says so', () => {
    const world = new LeaderWorld();
    expect(world.learner().info(2, EPOCH_MAX).closed).toMatch(/after which there is none/);
    expect(world.journal).toEqual([]);
    const last = new LeaderWorld({ epochs: epochsOf(EPOCH_MAX, 4, []), quorum: new Majority([1]) });
    expect(last.journal).toEqual([expect.stringMatching(/^fail: epoch 2097151 was the last one/)]);
  });
});

describe('a leader refuses', () => {
  test.each<[string, (world: LeaderWorld) => { closed: string | null }, RegExp]>([
    ['its own id', (w) => w.learner().info(1), /calls itself server 1: give it a myid/],
    ['a negative id', (w) => w.learner().info(-1), /calls itself server -1/],
    ['an old protocol', (w) => w.learner().info(2, 4, { version: 1 }), /version 1 is too old/],
    ['a learner without data', (w) => w.learner().say(packet('FOLLOWERINFO', 0)), /too old/],
    ['a newer configuration', (w) => w.learner().info(2, 4, { config: 3 }), /configuration 0x3, newer/],
    ['a second FOLLOWERINFO', (w) => w.learner().info(2).info(2), /FOLLOWERINFO twice/],
    ['ACKEPOCH before LEADERINFO', (w) => w.learner().ackEpoch(), /ACKEPOCH out of its turn/],
    ['ACKEPOCH without data', (w) => w.learner().info(2).say(packet('ACKEPOCH', 0)), /ACKEPOCH without data/],
    [
      'ACK before NEWLEADER',
      (w) => w.learner().info(2).say(packet('ACK', NEWLEADER)),
      /in place of NEWLEADER/,
    ],
    [
      'ACK of another NEWLEADER',
      (w) =>
        w
          .learner()
          .info(2)
          .ackEpoch()
          .say(packet('ACK', makeZxid(4, 0))),
      /in place of NEWLEADER/,
    ],
    [
      'an early PING',
      (w) => w.learner().say(packet('PING', 0, Buffer.alloc(12))),
      /PING before it was up to date/,
    ],
    ['an early REVALIDATE', (w) => w.learner().info(2).say(packet('REVALIDATE')), /REVALIDATE before/],
    ['an early REQUEST', (w) => w.learner().info(2).say(packet('REQUEST')), /REQUEST before/],
    ['what leaders say', (w) => w.learner().join(2).say(packet('COMMIT', 1)), /it sent COMMIT/],
    [
      'a PING that is no list',
      (w) =>
        w
          .learner()
          .join(2)
          .say(packet('PING', 0, Buffer.alloc(5))),
      /no list of sessions/,
    ],
    [
      'an ACK of what was never proposed',
      (w) =>
        w
          .learner()
          .join(2)
          .say(packet('ACK', makeZxid(5, 1))),
      /0x500000001, but 0x500000000/,
    ],
  ])('%s, and goes on', (_, act, reason) => {
    const world = new LeaderWorld();
    expect(act(world).closed).toMatch(reason);
    expect(world.journal.join()).not.toMatch(/fail|ack|touch|revalidate|request/);
  });

  test('who connects when it leads no more', () => {
    const world = new LeaderWorld();
    world.leader.close('the end');
    expect(world.learner().info(2).closed).toMatch(/leads no more/);
    expect([...world.leader.handlers]).toEqual([]);
  });

  test('nothing that a later version may say', () => {
    const { follower } = LeaderWorld.serving();
    expect(follower.say({ ...packet('ACK'), type: 99 }).closed).toBeNull();
  });

  test('the older of two connections of one server', () => {
    const { world, follower } = LeaderWorld.serving();
    world.learner().info(2);
    expect(follower.closed).toMatch(/connected anew/);
  });
});

describe('the time that a leader gives', () => {
  test('is initLimit for each step until it serves', () => {
    const world = new LeaderWorld().pass(INIT_MS);
    const follower = world.learner().info(2);
    world.pass(INIT_MS);
    follower.ackEpoch();
    world.pass(INIT_MS);
    expect(world.journal).toEqual(['accepted 5', 'current 5']);
    world.pass(TICK_MS);
    expect(world.journal.at(-1)).toMatch(/^fail: no quorum of followers within initLimit, 1000 ms/);
  });

  test('ends when those are gone with whom it chose the epoch', () => {
    const world = new LeaderWorld();
    const follower = world.learner().info(2);
    world.pass(TICK_MS);
    world.leader.disconnected(follower.handler);
    world.pass(TICK_MS / 2);
    expect(world.journal).toEqual(['accepted 5', 'fail: only servers 1 are left of a quorum']);
  });

  test('to a learner that waits for UPTODATE is not syncLimit, as Java answers no pings then', () => {
    const world = new LeaderWorld({ quorum: new Majority([1, 2, 3, 4, 5]) });
    const [a, b] = [world.learner().info(2), world.learner().info(3)];
    a.ackEpoch();
    b.ackEpoch();
    a.say(packet('ACK', NEWLEADER));
    world.pass(INIT_MS);
    b.say(packet('ACK', NEWLEADER));
    expect(world.journal.at(-1)).toBe('serve 5');
    world.pass(SYNC_MS, b);
    expect([a.closed, world.leader.isServing, world.journal.at(-1)]).toEqual([null, true, 'serve 5']);
    world.pass(TICK_MS, b);
    expect(a.closed).toMatch(/silent for 550 ms/);
    expect(world.journal.at(-1)).toMatch(/^fail: only servers 1, 3 are left of a quorum/);
  });

  test('to a follower that is synchronized anew keeps the quorum', () => {
    const { world } = LeaderWorld.serving();
    world.learner().info(2).ackEpoch();
    world.pass(INIT_MS + SYNC_MS);
    expect(world.journal).toEqual(['forget 2']);
    world.pass(TICK_MS);
    expect(world.journal.at(-1)).toMatch(/^fail/);
  });

  test('to an observer does not keep the quorum', () => {
    const { world, follower } = LeaderWorld.serving();
    world.learner().join(3, true);
    world.leader.disconnected(follower.handler);
    world.pass(TICK_MS);
    expect(world.journal.at(-1)).toMatch(/^fail: only servers 1 are left/);
  });

  test('begins anew with each piece of a snapshot that is taken', () => {
    const { world, follower } = LeaderWorld.serving();
    const chunks = Array.from({ length: 3 }, () => Buffer.alloc(1)).values();
    world.start = (zxid) => ({ kind: 'snap', zxid, transactions: [], chunks });
    const late = world.learner().info(3).ackEpoch();
    for (let i = 0; i < 3; i++) {
      world.pass(INIT_MS, follower);
      late.chunks!.next();
    }
    expect(late.closed).toBeNull();
    world.pass(INIT_MS + SYNC_MS + TICK_MS, follower);
    expect(late.closed).toMatch(/silent/);
  });

  test('for a proposal is syncLimit', () => {
    const { world, follower } = LeaderWorld.serving();
    const zxid = world.propose(1);
    world.pass(SYNC_MS, follower);
    follower.say(packet('ACK', zxid));
    world.propose(2);
    world.pass(SYNC_MS, follower);
    expect(follower.closed).toBeNull();
    world.pass(TICK_MS, follower);
    expect(follower.closed).toBe('it acknowledges no proposals');
  });

  test('for a proposal runs from the end of synchronization', () => {
    const { world, follower } = LeaderWorld.serving();
    const zxid = world.propose(1);
    follower.say(packet('ACK', zxid));
    const late = world.learner().info(3).ackEpoch();
    world.pass(INIT_MS, follower);
    late.say(packet('ACK', NEWLEADER));
    world.pass(SYNC_MS, follower, late);
    expect(late.closed).toBeNull();
    world.pass(TICK_MS, follower, late);
    expect(late.closed).toBe('it acknowledges no proposals');
  });
});

describe('a leader that serves', () => {
  test('counts what followers acknowledge, and not the answer to UPTODATE', () => {
    const { world, follower } = LeaderWorld.serving();
    follower.say(packet('ACK', NEWLEADER)).say(packet('ACK', world.propose(1)));
    expect(world.journal).toEqual(['ack 2 500000001']);
  });

  test('answers sync behind the commit of all that was proposed before it', () => {
    const { world, follower } = LeaderWorld.serving();
    follower.say(packet('REQUEST', -1, request(OpCode.sync)));
    expect(follower.take()).toEqual(['SYNC 0']);
    const zxid = world.propose(1);
    follower.say(packet('REQUEST', -1, request(OpCode.sync)));
    expect(follower.take()).toEqual(['PROPOSAL 500000001']);
    world.leader.committed(transaction(zxid));
    expect(follower.take()).toEqual(['COMMIT 500000001', 'SYNC 0']);
  });

  test('hands on requests, sessions that were heard of and sessions that moved', () => {
    const { world, follower } = LeaderWorld.serving();
    const touched = Buffer.from([0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 3, 0xe8]);
    follower
      .say(packet('REQUEST', -1, request(OpCode.create)))
      .say(packet('PING', 0, touched))
      .say(packet('REVALIDATE', -1, encode(RevalidateRequest, { sessionId: 8n, timeout: 5 })));
    expect(world.journal).toEqual(['request 2 9', 'touch 7 1000', 'revalidate 2 8']);
    expect(follower.take()).toEqual(['REVALIDATE']);
  });

  test.each([makeZxid(5, 0xfeff_ffff), makeZxid(5, 0xffff_ffff), makeZxid(6, 1)])(
    'makes way when its zxids have run out, %i',
    (zxid) => {
      const { world, follower } = LeaderWorld.serving();
      world.lastProposed = zxid;
      world.pass(TICK_MS / 2, follower);
      expect(world.journal).toEqual([
        expect.stringMatching(/^fail: the zxid counter of epoch 5 is about to run out/),
      ]);
    },
  );

  test('fails once, and closes every connection', () => {
    const { world, follower } = LeaderWorld.serving();
    const late = world.learner().info(3);
    world.leader.disconnected(follower.handler);
    late.say(packet('COMMIT'));
    world.pass(SYNC_MS);
    expect(world.journal).toHaveLength(1);
    expect([late.closed, [...world.leader.handlers]]).toEqual(['it sent COMMIT', []]);
  });
});

test('a server that is a quorum by itself serves at once', () => {
  const world = new LeaderWorld({ quorum: new Majority([1]) });
  expect(world.journal).toEqual(['accepted 5', 'current 5', 'serve 5']);
});
