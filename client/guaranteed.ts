import { childPath } from '../wire/path.ts';
import { onAbort } from './aborts.ts';
import type { ClientContext } from './context.ts';
import { ConnectionLossError, NoNodeError } from './errors.ts';
import { children, sync } from './reads.ts';
import { isBusy } from './retry-policies.ts';
import { pause } from './retrying.ts';
import { deletePlain, type VersionOptions } from './writes.ts';

/** Waits for work that goes on even when the signal, which has not aborted yet, stops the waiting. */
export function waitFor<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const release = onAbort(signal, () => reject(signal.reason));
    work.then(resolve, reject).finally(release);
  });
}

const ASK_AGAIN_MS = 200;

/** Repeats work until the server has answered or the session has ended. */
async function untilAnswered<T>(context: ClientContext, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (isBusy(error)) {
        await pause(context.ports, ASK_AGAIN_MS, undefined);
      } else if (!(error instanceof ConnectionLossError)) {
        // After a lost connection the next request waits for another one, so this cannot spin.
        throw error;
      }
    }
  }
}

/**
 * Deletes a node however often the connection breaks, until the server has answered or the session has ended. The signal stops
 * the waiting, not the deleting; one that has aborted before keeps it from beginning.
 */
export async function deleteGuaranteed(
  context: ClientContext,
  path: string,
  options?: VersionOptions,
): Promise<void> {
  options?.signal?.throwIfAborted();
  return waitFor(deleteUntilAnswered(context, path, options?.version), options?.signal);
}

async function deleteUntilAnswered(
  context: ClientContext,
  path: string,
  version: number | undefined,
): Promise<void> {
  const urgent = context.urgently();
  let first = true;
  await untilAnswered(context, async () => {
    const again = !first;
    first = false;
    try {
      await deletePlain(urgent, path, { version });
    } catch (error) {
      // Gone after a lost reply: the delete was applied.
      if (!(error instanceof NoNodeError && again)) throw error;
    }
  });
}

/** The child of `parent` whose name begins with `prefix`, after everything that was sent before has taken effect. */
export async function findByPrefix(
  context: ClientContext,
  parent: string,
  prefix: string,
  signal?: AbortSignal,
): Promise<string | null> {
  const urgent = context.urgently();
  return untilAnswered(context, async () => {
    try {
      // Another server may lag behind the one that was asked to create: sync brings it up to date.
      await sync(urgent, parent, { signal });
      const names = await children(urgent, parent, { signal });
      const name = names.find((candidate) => candidate.startsWith(prefix));
      return name === undefined ? null : childPath(parent, name);
    } catch (error) {
      if (error instanceof NoNodeError) return null;
      throw error;
    }
  });
}

/** Deletes the child whose name begins with `prefix`, if there is one, however often the connection breaks. */
export async function deleteByPrefix(context: ClientContext, parent: string, prefix: string): Promise<void> {
  const path = await findByPrefix(context, parent, prefix);
  if (path === null) return;
  try {
    await deleteUntilAnswered(context, path, undefined);
  } catch (error) {
    if (!(error instanceof NoNodeError)) throw error;
  }
}
