import { expect, test } from 'vitest';
import { describeDifference, Lockstep } from '../differential/run.ts';
import { startJava } from '../differential/servers.ts';
import { Side } from '../differential/side.ts';
import { javaZooKeeper } from '../kit/java.ts';
import { withSeed } from '../kit/seed.ts';

// Proves the comparison itself: the same server twice must show no difference, or the test beside this one would cry wolf.
test.skipIf(javaZooKeeper() === null)('Apache ZooKeeper does not differ from Apache ZooKeeper', () =>
  withSeed('test/interop/differential-java.test.ts', async (rng) => {
    await using one = await startJava();
    await using other = await startJava();
    await using left = new Side('one', one.port);
    await using right = new Side('other', other.port);
    const result = await new Lockstep(left, right, 5).random(rng, 2000);
    if (result.difference !== null) throw new Error(describeDifference(result, ['one', 'other']));
    expect([...result.allowed]).toEqual([]);
    expect(await left.dump()).toEqual(await right.dump());
  }),
);
