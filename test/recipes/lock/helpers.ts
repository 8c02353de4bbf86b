import { expect } from 'vitest';
import type { ZooKeeperClient } from '../../../client/index.ts';
import type { Lease, LeaseEndedError } from '../../../recipes/index.ts';

/** Resolves with the names when a directory has exactly so many children. */
export async function untilChildren(client: ZooKeeperClient, path: string, count: number): Promise<string[]> {
  for (;;) {
    const watching = new AbortController();
    let changed: () => void = () => {};
    const change = new Promise<void>((resolve) => {
      changed = resolve;
    });
    try {
      const watch = { watch: () => changed(), watchSignal: watching.signal };
      // A directory that is made later, or was removed with the last of them, has none.
      const stat = await client.exists(path, watch);
      const names = stat === null ? [] : await client.children(path, watch).catch(() => []);
      if (names.length === count) return names;
      await change;
    } finally {
      watching.abort();
    }
  }
}

/** Resolves with the reason when a lease has ended. */
export function ended(lease: Lease): Promise<LeaseEndedError> {
  return new Promise((resolve) => {
    lease.signal.addEventListener('abort', () => resolve(lease.signal.reason));
    if (lease.signal.aborted) resolve(lease.signal.reason);
  });
}

/** Nothing of any recipe listens on the client any more. */
export function expectNoWatches(client: ZooKeeperClient): void {
  const none = { paths: 0, listeners: 0 };
  expect(client.watchCounts()).toEqual({
    data: none,
    exist: none,
    child: none,
    persistent: none,
    recursive: none,
  });
}

/** Lets the ones wait who are to be waited for: how many of the promises have settled by now. */
export async function settledOf(
  client: ZooKeeperClient,
  promises: readonly Promise<unknown>[],
): Promise<number> {
  let settled = 0;
  for (const each of promises) {
    each.then(
      () => settled++,
      () => settled++,
    );
  }
  // Whatever was on its way has arrived after two round trips.
  await client.sync();
  await client.sync();
  return settled;
}
