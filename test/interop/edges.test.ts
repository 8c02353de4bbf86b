import { describe, expect, test } from 'vitest';
import { meantToDiffer, trials, trialsOfOurs } from '../differential/edges.ts';
import { startJava, startOurs } from '../differential/servers.ts';
import { javaZooKeeper } from '../kit/java.ts';
import { tempDirectory } from '../kit/temp.ts';

test.skipIf(javaZooKeeper() === null)(
  'odd and wrong requests are answered as by Apache ZooKeeper',
  async () => {
    await using java = await startJava();
    await using home = await tempDirectory();
    await using ours = await startOurs(home.at('data'));
    const answers: Record<string, unknown> = {};
    const expected: Record<string, unknown> = {};
    for (const [name, trial] of Object.entries(trials)) {
      const theirs = await trial(java.port);
      answers[name] = { theirs, ours: await trial(ours.port) };
      expected[name] = meantToDiffer[name] ?? { theirs, ours: theirs };
    }
    expect(answers).toEqual(expected);
    expect(Object.keys(trials)).toEqual(expect.arrayContaining(Object.keys(meantToDiffer)));
  },
);

describe('what Apache ZooKeeper does not answer', () => {
  test.each(Object.entries(trialsOfOurs))('%s', async (_name, [trial, expected]) => {
    await using home = await tempDirectory();
    await using ours = await startOurs(home.at('data'));
    expect(await trial(ours.port)).toEqual(expected);
  });
});
