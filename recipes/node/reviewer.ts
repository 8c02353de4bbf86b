import { ClosedError, UnansweredError, type ZooKeeperClient } from '../../client/index.ts';
import { divide } from './divide.ts';
import type { DivisionNode } from './division.ts';
import type { ClusterMembership } from './membership.ts';

const AGAIN_MS = 200;

export interface ReviewerOptions {
  readonly client: ZooKeeperClient;
  /** The member that this is. */
  readonly id: string;
  readonly items: readonly string[];
  /** It is divided again when nothing has changed for so long. */
  readonly settleMs: number;
  readonly membership: ClusterMembership;
  readonly division: DivisionNode;
  failed(error: Error): void;
}

/** Divides a set among the members that are there, if this one is the oldest of them. */
export class Reviewer {
  readonly #options: ReviewerOptions;
  readonly #ending = new AbortController();
  #cancel: () => void = () => {};

  constructor(options: ReviewerOptions) {
    this.#options = options;
  }

  /** Somebody came or went, or the division is another. */
  changed(): void {
    this.#reviewIn(this.#options.settleMs);
  }

  end(): void {
    this.#ending.abort();
    this.#cancel();
  }

  #reviewIn(delayMs: number): void {
    this.#cancel();
    if (this.#ending.signal.aborted) return;
    this.#cancel = this.#options.client.ports.after(delayMs, () => {
      this.#review().catch((error: unknown) => {
        if (this.#ending.signal.aborted || error instanceof ClosedError) return;
        // Lost answers leave open what was written: looking again tells.
        if (!(error instanceof UnansweredError)) this.#options.failed(error as Error);
        this.#reviewIn(AGAIN_MS);
      });
    });
  }

  async #review(): Promise<void> {
    const { id, membership, division } = this.#options;
    const members = membership.members().map((member) => member.id);
    if (members[0] !== id) return;
    if (!membership.current || !division.current) {
      this.#reviewIn(AGAIN_MS);
      return;
    }
    const before = division.value;
    const known = before?.items ?? new Map<string, string>();
    const items = divide(this.#options.items, members, known);
    const sameMembers = before?.members.join('\n') === members.join('\n');
    const same =
      sameMembers &&
      items.size === known.size &&
      [...items].every(([item, member]) => known.get(item) === member);
    if (!same) await division.publish({ members, items }, this.#ending.signal);
  }
}
