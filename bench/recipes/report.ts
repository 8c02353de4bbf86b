import { environmentText, type Results } from '../report.ts';
import { SERVER_NAMES } from '../server.ts';
import { median } from '../statistics.ts';
import { table } from '../table.ts';
import { type ContestResult, ratioOf } from './measure.ts';

export interface ContestResults extends Pick<Results, 'environment' | 'options' | 'notes'> {
  readonly contests: readonly ContestResult[];
}

/** The whole report as Markdown. */
export function contestReport(results: ContestResults): string {
  const rows = results.contests.map((contest) => {
    const ratio = ratioOf(contest);
    return [
      contest.what,
      SERVER_NAMES[contest.server],
      Math.round(median(contest.ours)).toLocaleString('en'),
      Math.round(median(contest.curator)).toLocaleString('en'),
      ratio.toFixed(2),
      ratio >= 1 ? 'met' : 'missed',
    ];
  });
  const head = ['recipe', 'server', 'zookit /s', 'Curator /s', 'ratio', 'at least 1'];
  const what =
    'Curator 5.4 (Java) and zookit on the same server, each in a process of its own with one session, taking turns. Medians of all rounds.';
  return `${environmentText(results)}\n\n## Recipes beside Curator\n\n${what}\n\n${table(head, rows)}\n`;
}
