import { InvalidValueError, type ZooKeeperClient } from '../../client/index.ts';
import { callListener } from '../../client/listeners.ts';
import { follow, type Snapshot } from '../follow.ts';

/** A value that was set and is not valid. */
export interface InvalidConfig {
  readonly error: InvalidValueError;
  /** The paths that it was read from, one unless there are layers. */
  readonly paths: readonly string[];
  /** The version of each node; null where there is none. */
  readonly versions: readonly (number | null)[];
}

export type InvalidConfigListener = (invalid: InvalidConfig) => void;

/**
 * The values that a reader makes of nodes, as they change. What it finds invalid, or cannot cope with, goes to `onInvalid` and is
 * passed over, and so is null, for which there is no value.
 */
export async function* values<T>(
  client: ZooKeeperClient,
  paths: readonly string[],
  read: (snapshot: Snapshot) => Promise<T | null>,
  onInvalid: InvalidConfigListener | undefined,
  signal: AbortSignal,
): AsyncGenerator<T, undefined> {
  let last: string | null = null;
  for await (const snapshot of follow(client, paths, signal)) {
    // The same state may be read twice: after a reconnect, or because two changes came as one.
    const state = snapshot.map((node) => node?.stat.mzxid ?? '-').join(' ');
    if (state === last) continue;
    last = state;
    try {
      const value = await read(snapshot);
      if (signal.aborted) return undefined;
      if (value !== null) yield value;
    } catch (error) {
      const versions = snapshot.map((node) => node?.stat.version ?? null);
      const invalid = { error: invalidBy(error), paths, versions };
      if (onInvalid !== undefined && !signal.aborted) callListener(onInvalid, invalid);
    }
  }
  return undefined;
}

/** A schema or a merging function that throws says that it has no use for the value, whoever has set that. */
function invalidBy(error: unknown): InvalidValueError {
  if (error instanceof InvalidValueError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new InvalidValueError([{ at: '', message }], error);
}
