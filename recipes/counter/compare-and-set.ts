import {
  type Acl,
  BadVersionError,
  NodeExistsError,
  NoNodeError,
  type Stat,
  type UnansweredError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { mayRepeat } from '../repeat.ts';

/**
 * Sets a node's data if it is still as it was seen; null if somebody else was first, and then nothing was written.
 *
 * An answer that is lost with its connection is asked for again: the same version is good for one write only, so a repetition that
 * succeeds is the only one that ever will. If it fails, the node tells whether the write that came first was ours: surely not if it
 * made other data. Where that cannot be told, the error of the lost connection is thrown, whose outcome is `unknown`.
 */
export async function compareAndSet(
  client: ZooKeeperClient,
  path: string,
  seen: Stat,
  data: Buffer,
  signal?: AbortSignal,
): Promise<Stat | null> {
  let doubt: UnansweredError | null = null;
  for (;;) {
    try {
      return await client.set(path, data, { version: seen.version, signal });
    } catch (error) {
      if (mayRepeat(error)) {
        if (error.outcome === 'unknown') doubt ??= error;
      } else if (error instanceof BadVersionError || error instanceof NoNodeError) {
        if (doubt === null) return null;
        const next = (now: Stat): boolean =>
          now.czxid === seen.czxid && now.version === ((seen.version + 1) | 0);
        if (await differs(client, path, next, data, signal)) return null;
        throw doubt;
      } else {
        throw whatIsKnown(error, doubt, signal);
      }
    }
  }
}

/**
 * Creates a node, and containers above it; null if it exists, and then nothing was written. Settles lost answers like
 * `compareAndSet`: what was created with other data was not created here.
 */
export async function createIfMissing(
  client: ZooKeeperClient,
  path: string,
  data: Buffer,
  acl: readonly Acl[] | undefined,
  signal?: AbortSignal,
): Promise<Stat | null> {
  let doubt: UnansweredError | null = null;
  for (;;) {
    try {
      return (await client.create(path, data, { parents: 'container', acl, signal })).stat;
    } catch (error) {
      if (mayRepeat(error)) {
        if (error.outcome === 'unknown') doubt ??= error;
      } else if (error instanceof NodeExistsError) {
        if (doubt === null) return null;
        if (await differs(client, path, (stat) => stat.version === 0, data, signal)) return null;
        throw doubt;
      } else {
        throw whatIsKnown(error, doubt, signal);
      }
    }
  }
}

/** What to throw when a repetition fails: that it was not applied says nothing about the first. */
export function whatIsKnown(
  error: unknown,
  doubt: UnansweredError | null,
  signal: AbortSignal | undefined,
): unknown {
  return doubt === null || signal?.aborted === true ? error : doubt;
}

/** Whether the write that followed what was seen, which `isNext` recognises, is surely not one of `data`. */
async function differs(
  client: ZooKeeperClient,
  path: string,
  isNext: (stat: Stat) => boolean,
  data: Buffer,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    const now = await client.get(path, { signal });
    return isNext(now.stat) && !data.equals(now.data ?? Buffer.alloc(0));
  } catch {
    return false;
  }
}
