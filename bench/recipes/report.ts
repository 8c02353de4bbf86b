import { environmentText, type Results } from '../report.ts';
import { SERVER_NAMES } from '../server.ts';
import { median } from '../statistics.ts';
import { spread, table, whole } from '../table.ts';
import { type ContestResult, ratiosOf } from './measure.ts';

export interface ContestResults extends Pick<Results, 'environment' | 'options' | 'notes'> {
  readonly contests: readonly ContestResult[];
}

/** The whole report as Markdown. */
export function contestReport(results: ContestResults): string {
  const rows = results.contests.map((contest) => {
    const ratios = ratiosOf(contest);
    return [
      contest.what,
      SERVER_NAMES[contest.server],
      whole(median(contest.ours)),
      whole(median(contest.curator)),
      spread(ratios),
      median(ratios) >= 1 ? 'met' : 'missed',
    ];
  });
  const head = ['recipe', 'server', 'zookit /s', 'Curator /s', 'ratio', 'at least 1'];
  const what =
    'Curator 5.4 (Java) and zookit on the same server, each in a process of its own with one session, taking turns. Medians; the ratio is ours over theirs, round by round: median (least to greatest).';
  return `${environmentText(results)}\n\n## Recipes beside Curator\n\n${what}\n\n${table(head, rows)}\n`;
}
