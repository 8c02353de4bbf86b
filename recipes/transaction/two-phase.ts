import type { ZooKeeperClient } from '../../client/index.ts';
import { AtomicCommit, type CommitOptions } from './atomic-commit.ts';
import type { ParticipantHandlers } from './participant.ts';

export type TwoPhaseCommitOptions<T> = CommitOptions<T, ParticipantHandlers<T>>;

/**
 * Two-phase commit among processes: each participant prepares and votes; if all have voted yes it is decided to commit, otherwise, or
 * when a vote takes too long, to roll back; then each carries the decision out.
 *
 * Votes and decision are kept in znodes. So a coordinator that dies blocks nobody: another one, of any process that was started on
 * the path, goes on from what is written. What a participant has voted for waits until a process takes its part again.
 */
export class TwoPhaseCommit<T = unknown> extends AtomicCommit<T> {
  private constructor(client: ZooKeeperClient, path: string, options: TwoPhaseCommitOptions<T>) {
    super(client, path, 2, options);
  }

  /**
   * Resolves when this process stands ready, to coordinate and, with `participant`, to take that part; several processes may stand
   * ready for the same one. `signal` bounds the start. Rejects with `TypeError` or `RangeError` for arguments that are not valid.
   */
  static async start<T = unknown>(
    client: ZooKeeperClient,
    path: string,
    options: TwoPhaseCommitOptions<T> = {},
  ): Promise<TwoPhaseCommit<T>> {
    const commit = new TwoPhaseCommit<T>(client, path, options);
    await commit.open();
    return commit;
  }
}
