import type { ZooKeeperClient } from '../../client/index.ts';
import { AtomicCommit, type CommitOptions } from './atomic-commit.ts';
import type { ThreePhaseHandlers } from './participant.ts';

export type ThreePhaseCommitOptions<T> = CommitOptions<T, ThreePhaseHandlers<T>>;

/**
 * The same with one round more: when all have voted yes, everybody is told so and confirms it (`preCommit`), and only then it is
 * decided to commit. If a confirmation does not come in time it is rolled back.
 *
 * What that gives here: a participant that has died between its vote and the decision leads to a rollback everywhere, where with two
 * phases the others commit and it follows when it is back. What it does not give: two phases block nobody either when a
 * coordinator dies, since what is written outlives it; and no participant decides anything by itself when it is cut off.
 */
export class ThreePhaseCommit<T = unknown> extends AtomicCommit<T> {
  private constructor(client: ZooKeeperClient, path: string, options: ThreePhaseCommitOptions<T>) {
    super(client, path, 3, options);
  }

  /** As `TwoPhaseCommit.start`. */
  static async start<T = unknown>(
    client: ZooKeeperClient,
    path: string,
    options: ThreePhaseCommitOptions<T> = {},
  ): Promise<ThreePhaseCommit<T>> {
    const commit = new ThreePhaseCommit<T>(client, path, options);
    await commit.open();
    return commit;
  }
}
