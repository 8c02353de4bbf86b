import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { table, whole } from '../table.ts';
import { LOCKS, type LockName, measureHerd, type Release } from './measure.ts';
import { picture } from './picture.ts';

const PAGE = fileURLToPath(new URL('../../../docs/recipes/herd.md', import.meta.url));
const PICTURE = fileURLToPath(new URL('../../../docs/recipes/herd.svg', import.meta.url));
/** What stands around the table on the page. */
const BEGIN = '<!-- measured -->';
const END = '<!-- /measured -->';

const COLORS: Record<LockName, string> = { HerdLock: '#d1602c', InterProcessMutex: '#2c78d1' };
const FULL = { contenders: [10, 100, 1000], releases: 10 };
const QUICK = { contenders: [10, 50], releases: 3 };

interface Point {
  readonly lock: LockName;
  readonly contenders: number;
  readonly events: number;
  readonly requests: number;
}

/**
 * Measures what a release costs with either lock, prints the table, and puts it and a picture into docs/recipes; `quick` only
 * measures briefly and prints.
 */
export async function reportHerd(quick: boolean, progress: (what: string) => void): Promise<void> {
  const { contenders, releases } = quick ? QUICK : FULL;
  const points: Point[] = [];
  for (const count of contenders) {
    for (const lock of LOCKS) {
      progress(`${lock}, ${count} contenders`);
      points.push(pointOf(lock, count, await measureHerd(lock, count, releases)));
    }
  }
  const text = tableOf(contenders, points);
  process.stdout.write(`${text}\n`);
  if (quick) return;
  const page = await readFile(PAGE, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${PAGE}: no ${BEGIN} and ${END}`);
  await writeFile(PAGE, `${before}${BEGIN}\n\n${text}\n\n${END}${after}`);
  await writeFile(PICTURE, pictureOf(points));
  progress(`written to ${PAGE} and ${PICTURE}`);
}

/** Means of all releases. */
function pointOf(lock: LockName, contenders: number, releases: readonly Release[]): Point {
  const mean = (of: (release: Release) => number): number =>
    releases.reduce((sum, release) => sum + of(release), 0) / releases.length;
  return {
    lock,
    contenders,
    events: mean(({ events }) => events),
    requests: mean(({ requests }) => requests),
  };
}

function tableOf(contenders: readonly number[], points: readonly Point[]): string {
  const head = ['contenders', ...LOCKS.flatMap((lock) => [`${lock}: events`, 'requests'])];
  const rows = contenders.map((count) => [
    whole(count),
    ...LOCKS.flatMap((lock) => {
      const point = points.find((each) => each.lock === lock && each.contenders === count)!;
      return [whole(point.events), whole(point.requests)];
    }),
  ]);
  return table(head, rows);
}

function pictureOf(points: readonly Point[]): string {
  const lines = LOCKS.map((lock) => ({
    name: lock,
    color: COLORS[lock],
    points: points
      .filter((point) => point.lock === lock)
      .map(({ contenders, events }) => ({ contenders, value: events })),
  }));
  return picture('Watch events received per release', lines);
}
