import type { Stat } from '../wire/data.ts';
import type { ClientContext, Data } from './context.ts';
import {
  BadArgumentsError,
  BadVersionError,
  NodeExistsError,
  NoNodeError,
  UnansweredError,
  ZooKeeperError,
} from './errors.ts';
import { getPlain } from './reads.ts';
import { exponentialBackoff, isRetryable } from './retry-policies.ts';
import { retry } from './retrying.ts';
import {
  type Created,
  createPlain,
  deletePlain,
  type NodeOptions,
  type SetOptions,
  setPlain,
  type VersionOptions,
} from './writes.ts';

const untilAnswered = exponentialBackoff();

/** What an earlier try without an answer may have done. */
interface Doubt {
  /** Whether one of the tries before this may have been applied. */
  readonly inDoubt: boolean;
}

/**
 * Repeats a write whose answer was lost, by the client's retry policy or else until there is an answer. `work` learns whether an
 * earlier try may have been applied. What is bound to the session is not repeated in another one.
 */
async function settled<T>(
  context: ClientContext,
  signal: AbortSignal | undefined,
  ephemeral: boolean,
  work: (doubt: Doubt) => Promise<T>,
): Promise<T> {
  let inDoubt = false;
  const once = async (): Promise<T> => {
    try {
      return await work({ inDoubt });
    } catch (error) {
      if (mayBeApplied(error)) inDoubt = true;
      throw error;
    }
  };
  const retryable = (error: unknown): boolean => {
    if (!isRetryable(error) || context.connection.session.ended) return false;
    return !(ephemeral && (error as { code?: string }).code === 'SessionExpired');
  };
  const { ports } = context;
  return retry(context.behaviour.retry ?? untilAnswered, once, { signal, retryable, ports });
}

/** Creates a node; after a lost answer, one that is there with the same data (and, if ephemeral, of this session) is the one. */
export function createIdempotent(
  context: ClientContext,
  path: string,
  data: Data,
  options: NodeOptions & { readonly signal?: AbortSignal | undefined },
): Promise<Created> {
  const mode = options.mode ?? 'persistent';
  if (mode.includes('sequential')) {
    const detail = 'a sequential node cannot be recognised by its path; use protected instead of idempotent';
    throw new BadArgumentsError({ operation: 'create', path, detail });
  }
  const ephemeral = mode === 'ephemeral';
  const bytes = context.encode('create', path, data, options.compressed);
  return settled(context, options.signal, ephemeral, async ({ inDoubt }) => {
    try {
      return await createPlain(context, path, bytes, { ...options, compressed: false });
    } catch (error) {
      if (!inDoubt || !(error instanceof NodeExistsError)) throw error;
      const found = await getPlain(context, path, { signal: options.signal });
      const owner = ephemeral ? context.connection.session.identity.sessionId : 0n;
      if (found.stat.ephemeralOwner === owner && same(found.data, bytes)) return { path, stat: found.stat };
      throw error;
    }
  });
}

/** Sets a node; after a lost answer, one that has the next version and the data is taken as set. */
export function setIdempotent(
  context: ClientContext,
  path: string,
  data: Data,
  options: SetOptions,
): Promise<Stat> {
  const bytes = context.encode('set', path, data, options.compressed);
  return settled(context, options.signal, false, async ({ inDoubt }) => {
    try {
      return await setPlain(context, path, bytes, { ...options, compressed: false });
    } catch (error) {
      if (!inDoubt || !(error instanceof BadVersionError)) throw error;
      const found = await getPlain(context, path, { signal: options.signal });
      if (found.stat.version === nextVersion(options.version ?? -1) && same(found.data, bytes))
        return found.stat;
      throw error;
    }
  });
}

/** Deletes a node; after a lost answer, one that is not there was deleted. */
export function deleteIdempotent(
  context: ClientContext,
  path: string,
  options: VersionOptions,
): Promise<void> {
  return settled(context, options.signal, false, async ({ inDoubt }) => {
    try {
      await deletePlain(context, path, options);
    } catch (error) {
      if (!inDoubt || !(error instanceof NoNodeError)) throw error;
    }
  });
}

function mayBeApplied(error: unknown): boolean {
  if (error instanceof UnansweredError) return error.outcome === 'unknown';
  return error instanceof ZooKeeperError && /^(Operation|Request)Timeout$/.test(error.code);
}

/** Servers count in 32 bits and leave -1 out, which stands for any version. */
function nextVersion(version: number): number {
  const next = (version + 1) | 0;
  return next === -1 ? 0 : next;
}

function same(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b;
  return Buffer.compare(a, b) === 0;
}
