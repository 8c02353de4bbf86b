import {
  ClosedError,
  ConnectionLossError,
  NoNodeError,
  SessionExpiredError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { pause } from '../leader/election.ts';
import { LeaseEndedError } from '../lock/errors.ts';
import { isRefusedForNow } from '../repeat.ts';
import { until } from '../until.ts';

export interface Following {
  readonly client: ZooKeeperClient;
  /** Where the transactions are. */
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly retryMs: number;
  readonly report: (error: unknown) => void;
}

/**
 * Attends to each transaction there is and each that comes, all at once, until the signal aborts or the session ends. Resolves when
 * everything that was begun has come to its end; never rejects.
 */
export async function followTransactions(
  following: Following,
  attend: (id: string) => Promise<void>,
): Promise<void> {
  const { client, directory, signal } = following;
  const tasks = new Map<string, Promise<void>>();
  const over = new Set<string>();
  const look = (names: readonly string[]): undefined => {
    const there = new Set(names);
    for (const id of over) {
      if (there.has(id)) continue;
      over.delete(id);
      tasks.delete(id);
    }
    for (const id of names) {
      if (!tasks.has(id))
        tasks.set(
          id,
          persist(following, () => attend(id)).then(() => void over.add(id)),
        );
    }
  };
  await persist(following, async () => {
    for (;;) {
      try {
        await client.ensurePath(directory, { signal });
        await until((options) => client.children(directory, options), look, signal);
      } catch (error) {
        if (!(error instanceof NoNodeError)) throw error;
        // A directory that is gone is made again.
        await pause(client, following.retryMs, signal);
      }
    }
  });
  await Promise.all(tasks.values());
}

/** Does work again after whatever failed; ends with it, with the signal and with the session. */
async function persist(following: Following, work: () => Promise<void>): Promise<void> {
  const { client, signal, retryMs, report } = following;
  while (!signal.aborted) {
    try {
      await work();
      return;
    } catch (error) {
      if (signal.aborted || endsAll(error)) return;
      // The next request waits for another connection.
      if (error instanceof ConnectionLossError) continue;
      if (!isRefusedForNow(error)) report(error);
      await pause(client, retryMs, signal);
    }
  }
}

function endsAll(error: unknown): boolean {
  return (
    error instanceof SessionExpiredError || error instanceof ClosedError || error instanceof LeaseEndedError
  );
}
