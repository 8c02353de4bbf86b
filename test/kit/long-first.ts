import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes longest of all, the longest first. */
const LONG = [
  'crash/kill',
  'cli/dev-ensemble',
  'core/zab/phases',
  'nemesis/recipes/recipes',
  'nemesis/processes',
  'recipes/failures/failures',
  'fuzz/connection',
  'sim/mistakes',
  'cli/dev',
  'examples/examples',
  'examples/recipes',
  'cli/server',
  'interop/alternation',
  'interop/mixed-leader',
  'interop/curator',
  'interop/clockwork',
  'interop/differential',
  'interop/shared-locks-curator',
  'interop/mixed-follower',
  'interop/locks-curator',
  'interop/discovery-curator',
  'interop/shared-locks-java',
  'interop/failures-java',
];

function placeOf({ moduleId }: TestSpecification): number {
  const place = LONG.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
  return place === -1 ? LONG.length : place;
}

/** The long files first, so that at the end nobody waits for one of them alone; the others as vitest likes. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((one, other) => placeOf(one) - placeOf(other));
  }
}
