import { describe, expect, test } from 'vitest';
import { Hierarchical, Majority } from '../../../core/zab/quorum.ts';
import { NO_VOTE } from '../../../wire/notification.ts';
import { LoneElector } from '../../kit/electors.ts';

const five = { quorum: new Majority([1, 2, 3, 4, 5]) };
const text = (version: string) => Buffer.from(`server.1=host:2888:3888:participant\nversion=${version}`);

describe('votes', () => {
  test('a server first votes for itself and tells every voter', () => {
    const elector = new LoneElector(2).begin({ lastZxid: 7, currentEpoch: 3 });
    expect(elector.take().map(({ to }) => to)).toEqual([1, 3]);
    expect(elector.election.vote).toEqual({ leader: 2, zxid: 7, peerEpoch: 3, electionEpoch: 1 });
    expect(elector.election.state).toBe('looking');
  });

  test.each([
    ['a later epoch, even with less history', { peerEpoch: 4, zxid: 1 }, true],
    ['more history in the same epoch', { peerEpoch: 3, zxid: 8 }, true],
    ['the larger id between equals', { peerEpoch: 3, zxid: 7 }, true],
    ['not an earlier epoch, even with more history', { peerEpoch: 2, zxid: 99 }, false],
    ['not less history in the same epoch', { peerEpoch: 3, zxid: 6 }, false],
  ])('a better vote is taken over and told: %s', (_, vote, better) => {
    const elector = new LoneElector(2, five).begin({ lastZxid: 7, currentEpoch: 3 });
    elector.take();
    elector.hear(5, 'looking', vote);
    expect(elector.election.vote.leader).toBe(better ? 5 : 2);
    expect(elector.said).toEqual(better ? [1, 3, 4, 5].map((to) => `${to}: looking 5 @1`) : []);
  });

  test('between equals a smaller id is not better', () => {
    const elector = new LoneElector(2, five).begin();
    elector.hear(1, 'looking');
    expect(elector.election.vote.leader).toBe(2);
  });

  test('a later round is taken over, what was received before is forgotten, and the better of vote and own history counts', () => {
    const elector = new LoneElector(2, five).begin();
    elector.hear(5, 'looking', { zxid: 9 });
    elector.hear(4, 'looking', { leader: 5, zxid: 9 });
    elector.take();
    // Server 1 has less than we: we vote for ourselves again, though we had seen better votes in the old round.
    elector.hear(1, 'looking', { electionEpoch: 4 });
    expect(elector.election.round).toBe(4);
    expect(elector.said).toEqual([1, 3, 4, 5].map((to) => `${to}: looking 2 @4`));
    elector.wait(1000);
    expect(elector.decision).toBeNull();
  });

  test('an older round is not counted but answered', () => {
    const elector = new LoneElector(2).begin().begin();
    elector.take();
    elector.hear(3, 'looking', { zxid: 9 });
    expect(elector.election.vote.leader).toBe(2);
    expect(elector.said).toEqual(['3: looking 2 @2']);
  });

  test('who begins to look when the others have waited for long is answered at once, and need not wait for their next vote', () => {
    const elector = new LoneElector(2, five).begin({ lastZxid: 7 });
    elector.wait(10_000);
    elector.take();
    elector.hear(1, 'looking', { zxid: 6 });
    expect(elector.said).toEqual(['1: looking 2 @1']);
    elector.take();
    // It has taken over our vote: there is nothing to tell it.
    elector.hear(1, 'looking', { leader: 2, zxid: 7 });
    expect(elector.said).toEqual([]);
  });

  test('votes for who is no voter, of or by servers without a trusted history, or of absurd rounds are not taken', () => {
    const elector = new LoneElector(2).begin({ lastZxid: 1 });
    elector.hear(3, 'looking', { leader: 9, zxid: 9 });
    elector.hear(3, 'looking', { zxid: -1, peerEpoch: 7 });
    elector.hear(3, 'looking', { zxid: 9, electionEpoch: Number.MAX_SAFE_INTEGER });
    expect(elector.election.vote).toMatchObject({ leader: 2, electionEpoch: 1 });
    const untrusted = new LoneElector(2).begin({ lastZxid: -1 });
    untrusted.hear(3, 'looking', { zxid: 9 });
    expect(untrusted.election.vote.leader).toBe(2);
    const alone = new LoneElector(2, { quorum: new Majority([2]) }).begin({ lastZxid: -1 });
    expect(alone.decision).toBeNull();
  });

  test('a server of weight 0 is not voted for, not even by itself once there is another', () => {
    const weights = new Map([
      [1, 1],
      [2, 1],
      [3, 0],
    ]);
    const quorum = new Hierarchical([{ id: 1, weights }]);
    const elector = new LoneElector(1, { quorum }).begin();
    elector.hear(3, 'looking', { zxid: 99 });
    expect(elector.election.vote.leader).toBe(1);
    const weightless = new LoneElector(3, { quorum }).begin({ lastZxid: 99 });
    weightless.hear(1, 'looking');
    expect(weightless.election.vote.leader).toBe(1);
  });

  test('the only voter leads at once', () => {
    expect(new LoneElector(2, { quorum: new Majority([2]) }).begin().decision).toBe('leading 2');
  });

  test('what is said is said again, after 200 ms, then twice as long each time, up to a minute', () => {
    const elector = new LoneElector(1).begin();
    const times: number[] = [];
    elector.take();
    for (let i = 0; i < 12; i++) {
      elector.wait(elector.election.nextDeadlineMs! - elector.nowMs);
      expect(elector.said).toEqual(['2: looking 1 @1', '3: looking 1 @1']);
      times.push(elector.nowMs);
    }
    const gaps = times.map((time, at) => time - (times[at - 1] ?? 0));
    expect(gaps).toEqual([200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000, 60_000]);
  });
});

describe('deciding', () => {
  test('waits 200 ms for a better vote while a voter has not been heard', () => {
    const elector = new LoneElector(1).begin();
    elector.hear(2, 'looking');
    elector.wait(199);
    expect(elector.decision).toBeNull();
    elector.wait(1);
    expect(elector.decision).toBe('following 2');
    expect(elector.election.nextDeadlineMs).toBeNull();
  });

  test('the better vote that comes in time wins, and is waited for again', () => {
    const elector = new LoneElector(1, five).begin();
    elector.hear(2, 'looking');
    elector.hear(3, 'looking', { leader: 2 });
    elector.wait(150);
    elector.hear(4, 'looking');
    elector.wait(150);
    expect(elector.decision).toBeNull();
    elector.hear(3, 'looking', { leader: 4 });
    elector.hear(2, 'looking', { leader: 4 });
    elector.wait(199);
    expect(elector.decision).toBeNull();
    elector.wait(1);
    expect(elector.decision).toBe('following 4');
  });

  test('does not wait when every voter has given the same vote', () => {
    const elector = new LoneElector(3).begin();
    elector.hear(1, 'looking', { leader: 3 });
    expect(elector.decision).toBeNull();
    elector.hear(2, 'looking', { leader: 3 });
    expect(elector.decision).toBe('leading 3');
  });

  test('does not wait for a server that is known to be gone, whichever comes first', () => {
    const early = new LoneElector(1).begin();
    early.gone(3);
    early.hear(2, 'looking');
    expect(early.decision).toBe('following 2');
    const late = new LoneElector(1).begin();
    late.hear(2, 'looking');
    late.gone(3);
    expect(late.decision).toBe('following 2');
  });

  test('waits again for a server that has come back', () => {
    const elector = new LoneElector(1).begin();
    elector.gone(3);
    elector.connected(3);
    elector.hear(2, 'looking');
    expect(elector.decision).toBeNull();
  });

  test('the vote of a server that is gone is not counted', () => {
    const elector = new LoneElector(1, five).begin();
    elector.hear(2, 'looking');
    elector.hear(3, 'looking', { leader: 2 });
    elector.gone(3);
    elector.wait(5000);
    expect(elector.decision).toBeNull();
  });

  test('votes of servers that are no voters are answered and not counted', () => {
    const elector = new LoneElector(1).begin();
    elector.take();
    elector.hear(9, 'looking', { leader: 1 });
    elector.hear(8, 'following', { leader: 1 });
    expect(elector.said).toEqual(['9: looking 1 @1']);
    elector.wait(1000);
    expect(elector.decision).toBeNull();
  });

  test('a configured wait and interval are kept', () => {
    const elector = new LoneElector(1, { finalizeWaitMs: 10, minIntervalMs: 30, maxIntervalMs: 40 }).begin();
    elector.wait(30);
    expect(elector.election.nextDeadlineMs).toBe(70);
    elector.hear(2, 'looking');
    elector.wait(10);
    expect(elector.decision).toBe('following 2');
  });
});

describe('an ensemble that has a leader', () => {
  test('is joined when a quorum follows and the leader itself has said that it leads', () => {
    const elector = new LoneElector(1, five).begin({ lastZxid: 99 });
    elector.hear(2, 'following', { leader: 4, electionEpoch: 9, peerEpoch: 6, zxid: 5 });
    elector.hear(3, 'following', { leader: 4, electionEpoch: 8, peerEpoch: 6, zxid: 7 });
    elector.hear(5, 'following', { leader: 4, electionEpoch: 9, peerEpoch: 6, zxid: 5 });
    expect(elector.decision).toBeNull();
    elector.hear(4, 'leading', { electionEpoch: 9, peerEpoch: 6, zxid: 5 });
    expect(elector.decision).toBe('following 4');
    // Its round is now ours, so the next election begins after it.
    expect(elector.election.round).toBe(9);
  });

  test('is not joined when followers name different epochs or leaders', () => {
    const elector = new LoneElector(1, five).begin();
    elector.hear(4, 'leading', { electionEpoch: 9, peerEpoch: 6 });
    elector.hear(2, 'following', { leader: 4, electionEpoch: 9, peerEpoch: 5 });
    elector.hear(3, 'following', { leader: 5, electionEpoch: 9, peerEpoch: 6 });
    elector.wait(5000);
    expect(elector.decision).toBeNull();
    // Server 2 learns the epoch, which is the rule that updateEpoch is for.
    elector.hear(2, 'following', { leader: 4, electionEpoch: 9, peerEpoch: 6 });
    elector.hear(5, 'following', { leader: 4, electionEpoch: 9, peerEpoch: 6 });
    expect(elector.decision).toBe('following 4');
  });

  test('the epoch of a server older than 3.4.6 is not compared', () => {
    const elector = new LoneElector(1).begin();
    elector.hear(3, 'leading', { electionEpoch: 9, peerEpoch: 6 });
    elector.hear(2, 'following', { leader: 3, electionEpoch: 9, peerEpoch: 5, version: 0 });
    expect(elector.decision).toBe('following 3');
  });

  test('a server that looks again follows no longer', () => {
    const elector = new LoneElector(1, five).begin().begin();
    elector.hear(2, 'following', { leader: 4, electionEpoch: 9 });
    elector.hear(3, 'following', { leader: 4, electionEpoch: 9 });
    elector.hear(3, 'looking', { electionEpoch: 1 });
    elector.hear(4, 'leading', { electionEpoch: 9 });
    expect(elector.decision).toBeNull();
  });

  test('who has decided in this round counts as the vote that it is', () => {
    const elector = new LoneElector(1, five).begin();
    elector.hear(5, 'looking');
    elector.hear(3, 'following', { leader: 5, peerEpoch: 1 });
    elector.wait(200);
    expect(elector.decision).toBe('following 5');
  });

  test('leads when the others follow it in this very round already', () => {
    const elector = new LoneElector(3).begin({ lastZxid: 4 });
    elector.hear(1, 'following', { leader: 3, zxid: 4 });
    elector.hear(2, 'following', { leader: 3, zxid: 4 });
    expect(elector.decision).toBe('leading 3');
  });

  test('does not lead by what others say of a time before its restart', () => {
    const elector = new LoneElector(3).begin({ lastZxid: 9, currentEpoch: 1 });
    elector.hear(1, 'following', { leader: 3, zxid: 4 });
    elector.hear(2, 'following', { leader: 3, zxid: 4 });
    elector.wait(5000);
    expect(elector.decision).toBeNull();
  });
});

describe('a server that has decided', () => {
  const settled = (id = 1) => {
    const elector = new LoneElector(id).begin();
    elector.hear(2, 'looking', { leader: 3 });
    elector.hear(1, 'looking', { leader: 3 });
    elector.hear(3, 'looking');
    elector.take();
    return elector;
  };

  test('answers who looks, with its vote and state, and nobody else', () => {
    const elector = settled();
    elector.hear(2, 'looking', { electionEpoch: 7, zxid: 99 });
    expect(elector.said).toEqual(['2: following 3 @1']);
    elector.hear(2, 'following', { leader: 3 });
    elector.hear(9, 'observing', { leader: 3 });
    expect(elector.said).toEqual([]);
    expect(elector.decision).toBe('following 3');
  });

  test('names the epoch that its leader leads, and tells it to who still looks (ZOOKEEPER-1732)', () => {
    const elector = settled();
    elector.hear(2, 'looking', { electionEpoch: 7 });
    elector.take();
    elector.hear(3, 'leading', { peerEpoch: 5 });
    elector.election.updateEpoch(5);
    expect(elector.take()).toMatchObject([
      { to: 2, notification: { state: 'following', leader: 3, peerEpoch: 5 } },
    ]);
    elector.election.updateEpoch(5);
    expect(elector.said).toEqual([]);
    elector.hear(2, 'following', { leader: 3 });
    elector.election.updateEpoch(6);
    expect(elector.said).toEqual([]);
    elector.hear(2, 'looking', { electionEpoch: 7 });
    expect(elector.take()[0]?.notification.peerEpoch).toBe(6);
  });

  test('reports voters that look while it leads', () => {
    const elector = settled(3);
    expect(elector.decision).toBe('leading 3');
    elector.hear(1, 'looking', { electionEpoch: 2 });
    elector.hear(9, 'looking', { electionEpoch: 2 });
    expect(elector.voterLooking).toEqual([1]);
    expect(elector.said).toEqual(['1: leading 3 @1', '9: leading 3 @1']);
    const follower = settled(1);
    follower.hear(2, 'looking');
    expect(follower.voterLooking).toEqual([]);
  });

  test('remembers the votes of those that begin to look a little earlier', () => {
    const elector = settled();
    elector.gone(3);
    elector.hear(2, 'looking', { electionEpoch: 2 });
    elector.wait(1000);
    elector.begin();
    expect(elector.decision).toBe('following 2');
  });

  test.each([
    ['too long ago', (elector: LoneElector) => elector.wait(1001)],
    ['of a server that has gone', (elector: LoneElector) => elector.gone(2)],
    ['of a server that has decided', (elector: LoneElector) => elector.hear(2, 'following', { leader: 3 })],
  ])('does not remember a vote %s', (_, then) => {
    const elector = settled();
    elector.hear(2, 'looking', { electionEpoch: 2 });
    then(elector);
    elector.begin();
    expect(elector.election.vote.leader).toBe(1);
  });

  test('begins the next election in a later round, with what it has by then, and has forgotten the last', () => {
    const elector = settled();
    elector.begin({ lastZxid: 8, currentEpoch: 5 });
    expect(elector.election.vote).toEqual({ leader: 1, zxid: 8, peerEpoch: 5, electionEpoch: 2 });
    expect(elector.decision).toBeNull();
    elector.hear(3, 'looking', { electionEpoch: 2 });
    elector.wait(1000);
    expect(elector.decision).toBeNull();
  });
});

describe('a server that is gone', () => {
  test('is not elected by what it said, nor by what others say of it', () => {
    const elector = new LoneElector(1).begin();
    elector.hear(3, 'leading', { electionEpoch: 4 });
    elector.gone(3);
    elector.hear(2, 'following', { leader: 3, electionEpoch: 4 });
    elector.hear(2, 'looking', { leader: 3, zxid: 9 });
    elector.wait(5000);
    expect(elector.decision).toBeNull();
    expect(elector.election.vote.leader).toBe(1);
  });

  test('is not listened to: what arrives of an ended connection is old', () => {
    const elector = new LoneElector(1).begin();
    elector.gone(3);
    elector.hear(3, 'looking', { zxid: 9 });
    elector.hear(3, 'leading', { electionEpoch: 4 });
    elector.hear(2, 'following', { leader: 3, electionEpoch: 4 });
    expect(elector.election.vote.leader).toBe(1);
    expect(elector.decision).toBeNull();
    elector.connected(3);
    elector.hear(3, 'leading', { electionEpoch: 4 });
    expect(elector.decision).toBe('following 3');
  });

  test('is given up in a new round when it was voted for', () => {
    const elector = new LoneElector(1).begin();
    elector.hear(3, 'looking', { zxid: 9 });
    elector.take();
    elector.gone(3);
    expect(elector.said).toEqual(['2: looking 1 @2', '3: looking 1 @2']);
    elector.hear(2, 'looking', { electionEpoch: 2 });
    expect(elector.decision).toBe('following 2');
  });

  test('makes nobody wait when it was the leader: the rest agree, and that is it', () => {
    const elector = new LoneElector(1).begin();
    elector.hear(3, 'leading', { electionEpoch: 1, peerEpoch: 1 });
    elector.hear(2, 'following', { leader: 3, electionEpoch: 1, peerEpoch: 1 });
    expect(elector.decision).toBe('following 3');
    elector.gone(3);
    elector.begin();
    elector.hear(2, 'looking', { electionEpoch: 2 });
    expect(elector.decision).toBe('following 2');
    expect(elector.nowMs).toBe(0);
  });

  test('is not joined again by what it and others said before it died', () => {
    const elector = new LoneElector(1);
    const hearAll = () => {
      elector.hear(3, 'leading', { electionEpoch: 1, peerEpoch: 1 });
      elector.hear(2, 'following', { leader: 3, electionEpoch: 1, peerEpoch: 1 });
    };
    elector.begin();
    hearAll();
    expect(elector.decision).toBe('following 3');
    elector.begin();
    hearAll();
    expect(elector.decision).toBeNull();
    // It lives, and leads: it says so when everybody is asked again, or on a new connection.
    elector.wait(200);
    hearAll();
    expect(elector.decision).toBe('following 3');
    elector.begin();
    elector.gone(3);
    elector.connected(3);
    hearAll();
    expect(elector.decision).toBe('following 3');
  });

  test('is told what we think when it is back', () => {
    const elector = new LoneElector(1).begin();
    elector.take();
    elector.gone(2);
    elector.connected(2);
    elector.connected(9);
    expect(elector.said).toEqual(['2: looking 1 @1']);
  });
});

describe('an observer', () => {
  test('asks with no vote, learns who leads, and decides to observe', () => {
    const observer = new LoneElector(7).begin({ lastZxid: 99, currentEpoch: 9 });
    const [first] = observer.take();
    expect(first?.notification).toMatchObject({ leader: NO_VOTE, zxid: NO_VOTE, peerEpoch: NO_VOTE });
    observer.hear(2, 'following', { leader: 3, electionEpoch: 4 });
    observer.hear(3, 'leading', { electionEpoch: 4 });
    expect(observer.decision).toBe('observing 3');
    observer.take();
    observer.hear(1, 'looking');
    observer.hear(8, 'looking');
    observer.election.updateEpoch(5);
    observer.connected(1);
    expect(observer.said).toEqual([]);
  });

  test('learns from votes too, and is no part of the quorum', () => {
    const observer = new LoneElector(7).begin();
    observer.hear(1, 'looking', { leader: 2 });
    observer.wait(1000);
    expect(observer.decision).toBeNull();
    observer.hear(2, 'looking');
    observer.wait(200);
    expect(observer.decision).toBe('observing 2');
  });

  test('is told the decision by who answered it before', () => {
    const voter = new LoneElector(1).begin();
    voter.hear(7, 'looking', { leader: NO_VOTE, zxid: NO_VOTE, peerEpoch: NO_VOTE });
    voter.gone(3);
    voter.take();
    voter.hear(2, 'looking');
    expect(voter.said.filter((line) => line.startsWith('7:'))).toEqual(['7: following 2 @1']);
  });
});

describe('configurations in notifications', () => {
  test('a newer one is surfaced once; ours is sent along', () => {
    const elector = new LoneElector(1, { config: text('100000002') }).begin();
    expect(elector.take()[0]?.notification).toMatchObject({ version: 2, config: text('100000002') });
    elector.hear(2, 'looking', { config: text('100000001') });
    elector.hear(2, 'looking', { config: text('100000002') });
    elector.hear(2, 'looking', { config: Buffer.from('no version') });
    expect(elector.configs).toEqual([]);
    elector.hear(2, 'looking', { config: text('100000003') });
    elector.hear(3, 'following', { leader: 2, config: text('100000003') });
    expect(elector.configs).toEqual([text('100000003').toString()]);
  });

  test('an observer may be the first to know a newer one, and what is taken over is said from then on', () => {
    const elector = new LoneElector(1, { config: text('100000002') }).begin();
    elector.take();
    elector.hear(9, 'looking', { config: text('100000009') });
    expect(elector.configs).toEqual([text('100000009').toString()]);
    elector.election.updateConfig(text('100000009'));
    elector.hear(2, 'looking', { config: text('100000009') });
    elector.connected(2);
    expect(elector.configs).toHaveLength(1);
    expect(elector.take().at(-1)?.notification.config).toEqual(text('100000009'));
  });

  test('nothing is said or heard before the first election', () => {
    const elector = new LoneElector(1);
    elector.hear(2, 'looking');
    elector.connected(2);
    elector.gone(3);
    elector.election.tick(1e9);
    elector.election.updateEpoch(4);
    expect(elector.said).toEqual([]);
    expect(elector.election.nextDeadlineMs).toBeNull();
    elector.begin();
    elector.hear(2, 'looking');
    expect(elector.decision).toBe('following 2');
  });
});
