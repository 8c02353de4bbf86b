import { expect, test } from 'vitest';
import { expectAgreement } from '../kit/agreement.ts';
import { describeMixed } from '../kit/describe-mixed.ts';
import type { Kind } from '../kit/mixed-ensemble.ts';
import { MixedLoad } from '../kit/mixed-load.ts';

/** So often must each implementation have taken over from the other. */
const TIMES = 2;
/** Whoever has logged the most leads next: which that is cannot be told in advance, but it alternates soon. */
const KILLS_MAX = 16;

describeMixed('leadership of an ensemble under load', (createEnsemble) => {
  test('goes back and forth between Apache ZooKeeper and ours', async () => {
    // Between equals the larger id leads: ours after 3, 3 after ours.
    await using ensemble = await createEnsemble({
      members: [
        { id: 1, kind: 'java' },
        { id: 2, kind: 'ours' },
        { id: 3, kind: 'java' },
      ],
    });
    await ensemble.start(1, 2, 3);
    await using load = await MixedLoad.start(ensemble.connectString, 4);
    const taken: Record<Kind, number> = { java: 0, ours: 0 };
    let leader = await ensemble.leader();
    for (let kills = 0; kills < KILLS_MAX && Math.min(taken.java, taken.ours) < TIMES; kills++) {
      await load.progress();
      const kind = ensemble.kind(leader);
      await ensemble.kill(leader);
      const next = await ensemble.leader();
      if (ensemble.kind(next) !== kind) taken[ensemble.kind(next)]++;
      await load.progress();
      await ensemble.start(leader);
      leader = next;
    }
    expect(Math.min(taken.java, taken.ours)).toBe(TIMES);
    await load.progress();
    await load.stop();
    load.expectAllIn(await expectAgreement(ensemble));
  });
});
