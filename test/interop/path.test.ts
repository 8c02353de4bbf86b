import { expect, test } from 'vitest';
import { pathFault, sequentialPathFault } from '../../wire/path.ts';
import { javaProgramsMissing, startJava } from '../kit/java-programs.ts';
import { type Rng, withSeed } from '../kit/seed.ts';
import { pathTable } from '../wire/path-table.ts';

const pieces = [
  '/',
  '/',
  '/',
  '.',
  '..',
  'a',
  'b',
  'ä',
  '\u0000',
  '\u007f',
  '\ud800',
  '\ue000',
  '\ufff0',
  ' ',
  '中',
];

function randomPath(rng: Rng): string {
  let path = rng.chance(80) ? '/' : '';
  for (let n = rng.below(6); n > 0; n--) path += rng.pick(pieces);
  return path;
}

function hexOf(path: string): string {
  let hex = '';
  for (let i = 0; i < path.length; i++) hex += path.charCodeAt(i).toString(16).padStart(4, '0');
  return hex;
}

test.skipIf(javaProgramsMissing() !== null)(
  'paths are accepted and refused as by Apache ZooKeeper’s PathUtils',
  () =>
    withSeed('test/interop/path.test.ts', async (rng) => {
      const paths = [
        ...pathTable.map(([path]) => path),
        ...Array.from({ length: 5000 }, () => randomPath(rng)),
      ];
      await using java = startJava('PathCheck');
      java.process.stdin?.end(paths.map((path) => `${hexOf(path)}\n`).join(''));
      const answers = (await java.success()).trim().split('\n');
      expect(answers.length).toBe(paths.length);
      const ours = paths.map((path) =>
        [pathFault(path), sequentialPathFault(path)].map((fault) => (fault === null ? '1' : '0')).join(''),
      );
      const differing = paths.filter((_, at) => ours[at] !== answers[at]);
      expect(
        differing.map((path) => [path, ours[paths.indexOf(path)], answers[paths.indexOf(path)]]),
      ).toEqual([]);
    }),
);
