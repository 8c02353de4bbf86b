import { expect } from 'vitest';
import type { ParticipantHandlers, ThreePhaseHandlers, TransactionPart } from '../../../recipes/index.ts';

export type Entry = 'prepared' | 'committed' | 'rolled-back';

/** What the participants have on their disks, which outlive their processes; checks what must never be. */
export class Books {
  readonly #entries = new Map<string, Map<string, Entry>>();

  /** Where a participant stands in a transaction. */
  entry(participant: string, transaction: string): Entry | undefined {
    return this.#entries.get(transaction)?.get(participant);
  }

  /** Every entry of a transaction by participant. */
  of(transaction: string): Record<string, Entry> {
    return Object.fromEntries([...(this.#entries.get(transaction) ?? [])].sort());
  }

  get transactions(): string[] {
    return [...this.#entries.keys()];
  }

  write(participant: string, part: TransactionPart<unknown>, entry: Entry): void {
    const entries = this.#entries.get(part.id) ?? new Map<string, Entry>();
    this.#entries.set(part.id, entries);
    const before = entries.get(participant);
    if (entry === 'committed') {
      expect(before, 'committed without having prepared, or after a rollback').toMatch(/prepared|committed/);
      // Nobody commits before everybody has prepared, nor when one has rolled back.
      for (const other of part.participants) expect(entries.get(other)).toMatch(/prepared|committed/);
    }
    if (entry === 'rolled-back') expect([...entries.values()]).not.toContain('committed');
    // Called again after a crash: it is as it was.
    if (entry === 'prepared' && before !== undefined) return;
    entries.set(participant, entry);
  }

  /** Handlers of a participant; `step` is waited for before and after each effect. */
  handlers(participant: string, step: () => Promise<void> | void = () => {}): ThreePhaseHandlers<unknown> {
    const doing =
      (entry: Entry) =>
      async (part: TransactionPart<unknown>): Promise<void> => {
        await step();
        this.write(participant, part, entry);
        await step();
      };
    return {
      prepare: doing('prepared'),
      commit: doing('committed'),
      rollback: doing('rolled-back'),
      preCommit: async () => step(),
    } satisfies ParticipantHandlers<unknown> & ThreePhaseHandlers<unknown>;
  }
}
