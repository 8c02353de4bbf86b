import { describe, expect, test } from 'vitest';
import type { EnsembleConfig } from '../../core/config.ts';
import { ElectionMember, loopbackEnsemble } from '../kit/election-member.ts';

/** With waits of an hour, whatever is decided was decided because nobody was left to wait for. */
const HOUR_MS = 3_600_000;
const unhurried = { finalizeWaitMs: HOUR_MS, minIntervalMs: HOUR_MS, maxIntervalMs: HOUR_MS };
const nothing = { lastZxid: 0, currentEpoch: 0 };

async function start(id: number, ensemble: EnsembleConfig, lastZxid = 0): Promise<ElectionMember> {
  const member = await ElectionMember.start(id, ensemble, unhurried);
  member.begin({ lastZxid, currentEpoch: 0 });
  return member;
}

describe('elections over real connections need no wait', () => {
  test('when all voters are there, and when the leader has died, whichever it was', async () => {
    for (const leads of [1, 2, 3]) {
      const ensemble = await loopbackEnsemble(3);
      const members = await Promise.all([1, 2, 3].map((id) => start(id, ensemble, id === leads ? 1 : 0)));
      // Who was there before the last one may have elected without it; then it joined them.
      const leaders = new Set<number>();
      for (const member of members) {
        await member.decision();
        leaders.add(member.election.vote.leader);
      }
      expect(leaders.size).toBe(1);
      const dead = members.find(({ id }) => leaders.has(id))!;
      await dead[Symbol.asyncDispose]();
      const rest = members.filter((member) => member !== dead);
      for (const member of rest) member.begin(nothing);
      const winner = Math.max(...rest.map(({ id }) => id));
      for (const member of rest) {
        expect(await member.decision()).toBe(
          member.id === winner ? `leading ${winner}` : `following ${winner}`,
        );
        await member[Symbol.asyncDispose]();
      }
    }
  });

  test('when a bare quorum starts, and a late voter and an observer join its leader', async () => {
    const ensemble = await loopbackEnsemble(3, 1);
    await using one = await start(1, ensemble);
    await using two = await start(2, ensemble);
    expect(await one.decision()).toBe('following 2');
    expect(await two.decision()).toBe('leading 2');
    for (const member of [one, two]) member.election.updateEpoch(1);
    await using three = await start(3, ensemble, 99);
    expect(await three.decision()).toBe('following 2');
    expect(three.election.vote.peerEpoch).toBe(1);
    await using four = await start(4, ensemble);
    expect(await four.decision()).toBe('observing 2');
  });

  test('when a follower was restarted, with a round that is far behind or ahead', async () => {
    const ensemble = await loopbackEnsemble(3);
    await using two = await start(2, ensemble);
    await using three = await start(3, ensemble);
    expect(await two.decision()).toBe('following 3');
    for (const rounds of [1, 9]) {
      await using one = await ElectionMember.start(1, ensemble, unhurried);
      for (let round = 0; round < rounds; round++) one.begin(nothing);
      expect(await one.decision()).toBe('following 3');
    }
    expect(two.election.state).toBe('following');
    expect(three.election.state).toBe('leading');
  });
});
