import { overlaps } from './holdings.ts';
import type { Handling } from './report.ts';

export interface HandlingRecord extends Handling {
  readonly worker: number;
  /** When its signal was last known not to have aborted. */
  sureUntilMs: number;
  handled: boolean;
  handedBack: boolean;
}

/** What became of the items of a queue whose consumers handle one item at a time each. */
export class Items {
  readonly puts = new Map<string, 'putting' | 'put' | 'not-put'>();
  readonly handlings = new Map<string, HandlingRecord>();
  readonly endedSessions = new Set<string>();
  readonly deadWorkers = new Set<number>();
  readonly #handled = new Set<string>();

  begin(handling: Handling, worker: number): void {
    const { atMs } = handling;
    const record = { ...handling, worker, sureUntilMs: atMs, handled: false, handedBack: false };
    this.handlings.set(handling.handling, record);
  }

  sure(handling: string, atMs: number): void {
    this.of(handling).sureUntilMs = atMs;
  }

  handled(handling: string): void {
    const record = this.of(handling);
    record.handled = true;
    this.#handled.add(record.item);
  }

  handBack(handling: string): void {
    this.of(handling).handedBack = true;
  }

  of(handling: string): HandlingRecord {
    const record = this.handlings.get(handling);
    if (record === undefined) throw new Error(`nobody has told of handling ${handling}`);
    return record;
  }

  /** Items that were put for sure and that no handler has come to the end of. */
  unhandled(): string[] {
    return [...this.puts].flatMap(([item, put]) => (put === 'put' && !this.#handled.has(item) ? [item] : []));
  }

  /** How many items were handled more than once, by whichever right. */
  get repeated(): number {
    return [...this.#byItem().values()].filter((records) => records.length > 1).length;
  }

  /** What is wrong when the queue is empty and nobody puts any more. */
  judge(): string[] {
    const wrong = this.unhandled().map((item) => `item ${item} was put and is lost`);
    const atLast = this.#lastOfSessions();
    for (const [item, records] of this.#byItem()) {
      const put = this.puts.get(item);
      if (put === undefined) wrong.push(`item ${item} was handled and never put`);
      if (put === 'not-put')
        wrong.push(`item ${item} was handled, and its put had said that it was not applied`);
      const paths = new Set(records.map(({ path }) => path));
      if (paths.size > 1) wrong.push(`item ${item} was put once and is there ${paths.size} times`);
      const inOrder = [...records].sort((a, b) => a.token - b.token);
      for (const [i, record] of inOrder.slice(1).entries()) {
        const earlier = inOrder[i]!;
        if (earlier.token === record.token) wrong.push(`item ${item}: two with token ${record.token}`);
        // The next item of the same session is taken while this one is acknowledged, and the one after that later: then it cannot come again.
        if (!earlier.handedBack && !(this.#isOver(earlier) && atLast.has(earlier))) {
          wrong.push(`item ${item} came again, and ${nameOf(earlier)} had neither died nor lost its session`);
        }
      }
      const sure = records.map((record) => ({
        what: `item ${item}: ${nameOf(record)}`,
        fromMs: record.atMs,
        untilMs: record.sureUntilMs,
      }));
      wrong.push(...overlaps(sure, 1));
    }
    return wrong;
  }

  #isOver({ session, worker }: HandlingRecord): boolean {
    return this.endedSessions.has(session) || this.deadWorkers.has(worker);
  }

  /** The last two of each session. */
  #lastOfSessions(): Set<HandlingRecord> {
    const bySession = new Map<string, HandlingRecord[]>();
    for (const record of this.handlings.values()) {
      const before = bySession.get(record.session)?.slice(-1) ?? [];
      bySession.set(record.session, [...before, record]);
    }
    return new Set([...bySession.values()].flat());
  }

  #byItem(): Map<string, HandlingRecord[]> {
    const byItem = new Map<string, HandlingRecord[]>();
    for (const record of this.handlings.values()) {
      const known = byItem.get(record.item);
      if (known === undefined) byItem.set(record.item, [record]);
      else known.push(record);
    }
    return byItem;
  }
}

function nameOf({ handling, worker }: HandlingRecord): string {
  return `handling ${handling} of ${worker}`;
}
