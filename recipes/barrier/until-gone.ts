import { NoNodeError, type ZooKeeperClient } from '../../client/index.ts';
import { repeatedly } from '../repeat.ts';
import { until } from '../until.ts';

/** Waits until a node does not exist, through lost connections and sessions. No watch is left behind. */
export function untilGone(
  client: ZooKeeperClient,
  path: string,
  signal: AbortSignal,
  wait: boolean,
): Promise<true> {
  return repeatedly(() =>
    until(
      // Reading data rather than asking for existence leaves no watch where there is no node.
      (options) =>
        client.get(path, options).then(
          () => false,
          (error: unknown) => {
            if (error instanceof NoNodeError) return true;
            throw error;
          },
        ),
      (gone) => (gone ? true : undefined),
      signal,
      wait,
    ),
  );
}
