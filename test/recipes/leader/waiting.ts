import { type ClientState, NoNodeError, type ZooKeeperClient } from '../../../client/index.ts';
import type { Lease, LeaseEndedError } from '../../../recipes/index.ts';

/** Names of the children once there are exactly so many; a missing directory has none. */
export async function untilChildren(client: ZooKeeperClient, path: string, count: number): Promise<string[]> {
  for (;;) {
    let changed: () => void = () => {};
    const change = new Promise<void>((resolve) => {
      changed = resolve;
    });
    const watching = new AbortController();
    const options = { watch: () => changed(), watchSignal: watching.signal };
    const names = await client.children(path, options).catch(async (error: unknown) => {
      if (!(error instanceof NoNodeError)) throw error;
      // Made meanwhile: the children have to be read again.
      if ((await client.exists(path, options)) !== null) changed();
      return [];
    });
    if (names.length === count) {
      watching.abort();
      return names;
    }
    await change;
    watching.abort();
  }
}

export function untilState(client: ZooKeeperClient, wanted: ClientState): Promise<void> {
  return new Promise((resolve) => {
    const listener = (state: ClientState): void => {
      if (state !== wanted) return;
      client.off('state', listener);
      resolve();
    };
    client.on('state', listener);
  });
}

/** What ended a lease, when it has. */
export function ended({ signal }: Lease): Promise<LeaseEndedError> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(signal.reason));
    if (signal.aborted) resolve(signal.reason);
  });
}

export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

export function gate(): Gate {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

export const noWatches = {
  data: { paths: 0, listeners: 0 },
  exist: { paths: 0, listeners: 0 },
  child: { paths: 0, listeners: 0 },
};
