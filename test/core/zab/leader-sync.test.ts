import { describe, expect, test } from 'vitest';
import type { LoggedBytes } from '../../../core/storage/contract.ts';
import { StorageError } from '../../../core/storage/errors.ts';
import { makeZxid } from '../../../wire/ids.ts';
import { QuorumPacketReader } from '../../../wire/quorum.ts';
import { CUTS_SNAPSHOTS } from '../../../wire/quorum-payloads.ts';
import { LAST, LeaderWorld, named, packet, transaction } from './fakes.ts';

const NEWLEADER = makeZxid(5, 0);

/** All that a stream holds, as packets. */
function streamed(chunks: Iterator<Buffer>): string[] {
  const reader = new QuorumPacketReader(1 << 20);
  const packets: string[] = [];
  const sink = {
    packet: (p: Parameters<typeof named>[0]) => {
      packets.push(named(p));
      return null;
    },
  };
  for (let next = chunks.next(); next.done !== true; next = chunks.next()) reader.push(next.value, sink);
  return packets;
}

describe('a leader synchronizes', () => {
  test('the history first, then NEWLEADER, then what is not committed, and counts old acknowledgements no more', () => {
    const { world } = LeaderWorld.serving();
    world.propose(1);
    world.start = (zxid) => ({ kind: 'diff', zxid, transactions: [transaction(LAST)] });
    const late = world
      .learner()
      .info(3)
      .ackEpoch(LAST - 1);
    expect(world.journal).toEqual(['forget 3']);
    expect(late.take()).toEqual([
      'LEADERINFO 500000000',
      'DIFF 400000002',
      'PROPOSAL 400000003',
      'COMMIT 400000003',
      'NEWLEADER 500000000',
      'PROPOSAL 500000001',
    ]);
    world.propose(2);
    late.say(packet('ACK', NEWLEADER));
    expect(late.take()).toEqual(['PROPOSAL 500000002', 'UPTODATE']);
  });

  test('an observer with nothing that is not committed, then INFORM', () => {
    const { world } = LeaderWorld.serving();
    world.propose(1);
    const observer = world.learner().join(9, true);
    world.propose(2);
    world.leader.committed(transaction(makeZxid(5, 1)));
    expect(observer.take().slice(1)).toEqual([
      'DIFF 400000003',
      'NEWLEADER 500000000',
      'UPTODATE',
      'INFORM 500000001',
    ]);
    observer.say(packet('ACK', makeZxid(5, 1)));
    expect(world.journal.filter((line) => line.startsWith('ack'))).toEqual([]);
  });

  test('and serves when a quorum of voters has acknowledged NEWLEADER', () => {
    const world = new LeaderWorld();
    const observer = world.learner();
    const follower = world.learner().info(2).ackEpoch();
    observer.join(9, true);
    expect(world.leader.isServing).toBe(false);
    follower.say(packet('ACK', NEWLEADER));
    expect(world.journal.at(-1)).toBe('serve 5');
    expect([observer.take().at(-1), follower.take().at(-1)]).toEqual(['UPTODATE', 'UPTODATE']);
  });

  test('a follower of 3.8.0 that acknowledges the DIFF before NEWLEADER', () => {
    const world = new LeaderWorld();
    const follower = world
      .learner()
      .info(2)
      .ackEpoch()
      .say(packet('ACK', LAST))
      .say(packet('ACK', NEWLEADER));
    expect([follower.closed, follower.take().at(-1)]).toEqual([null, 'UPTODATE']);
  });

  test('and sends away a learner whose missing transactions cannot be read, and nobody else', () => {
    const { world, follower } = LeaderWorld.serving();
    const broken = function* () {
      yield transaction(LAST);
      throw new StorageError('log-gap', 'log.1', 'a gap');
    };
    world.start = (zxid) => ({ kind: 'diff', zxid, transactions: broken() });
    const late = world
      .learner()
      .info(3)
      .ackEpoch(LAST - 1);
    expect(late.closed).toMatch(/history for it cannot be read: .*a gap/);
    expect([follower.closed, world.journal]).toEqual([null, ['forget 3']]);
  });

  test('with regard to what the learner does with its snapshots', () => {
    const { world } = LeaderWorld.serving();
    const told: boolean[] = [];
    world.start = (zxid, cutsSnapshots) => {
      told.push(cutsSnapshots);
      return { kind: 'diff', zxid, transactions: [] };
    };
    for (const authinfo of [null, [], [{ scheme: 'digest', id: 'x' }], [CUTS_SNAPSHOTS]]) {
      world.learner().info(3, 4, { authinfo }).ackEpoch();
    }
    expect(told).toEqual([false, false, false, true]);
  });

  test('and closes what was never read of a snapshot', () => {
    const world = new LeaderWorld();
    let isReturned = false;
    const chunks = {
      next: () => ({ done: false as const, value: Buffer.alloc(1) }),
      return: () => {
        isReturned = true;
        return { done: true as const, value: undefined };
      },
    };
    world.start = (zxid) => ({ kind: 'snap', zxid, transactions: [], chunks });
    const follower = world.learner().info(2).ackEpoch();
    follower.chunks?.return?.();
    expect(isReturned).toBe(true);
  });

  test('from the log files as the connection takes them, before what is in memory', () => {
    const { world } = LeaderWorld.serving();
    let read = 0;
    const logged = function* (): Generator<LoggedBytes> {
      for (let counter = 1; counter <= 3000; counter++, read++) yield transaction(makeZxid(3, counter));
    };
    world.start = (zxid) => ({ kind: 'diff', zxid, logged: logged(), transactions: [transaction(LAST)] });
    const late = world.learner().info(3).ackEpoch(makeZxid(3, 0));
    expect(late.take()).toEqual([
      'LEADERINFO 500000000',
      'DIFF 300000000',
      'PROPOSAL 400000003',
      'COMMIT 400000003',
      'NEWLEADER 500000000',
    ]);
    expect(read).toBe(0);
    const first = late.chunks!.next();
    expect([first.done, read > 0, read < 3000]).toEqual([false, true, true]);
    const rest = streamed(late.chunks!);
    expect(read).toBe(3000);
    expect(rest.slice(-2)).toEqual(['PROPOSAL 300000bb8', 'COMMIT 300000bb8']);
  });

  test('and sends away a learner when the log files turn out to lack something', () => {
    const { world, follower } = LeaderWorld.serving();
    const broken = function* (): Generator<LoggedBytes> {
      yield transaction(makeZxid(3, 1));
      throw new StorageError('log-gap', 'log.1', 'a gap');
    };
    world.start = (zxid) => ({ kind: 'diff', zxid, logged: broken(), transactions: [] });
    const late = world.learner().info(3).ackEpoch(makeZxid(3, 0));
    expect(late.closed).toBeNull();
    expect(streamed(late.chunks!)).toEqual([]);
    expect([late.closed, follower.closed]).toEqual([
      expect.stringMatching(/history for it cannot be read: .*a gap/),
      null,
    ]);
  });
});
