import { onAbort } from './aborts.ts';
import type { ClientContext } from './context.ts';
import { ConnectionLossError, NoNodeError } from './errors.ts';
import { children, sync } from './reads.ts';
import { deletePlain, type VersionOptions } from './writes.ts';

/** Waits for work that goes on even when the signal stops the waiting. */
export function waitFor<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    const release = onAbort(signal, () => reject(signal.reason));
    work.then(resolve, reject).finally(release);
  });
}

/**
 * Deletes a node however often the connection breaks, until the server has answered or the session has ended. The signal stops
 * the waiting, not the deleting.
 */
export function deleteGuaranteed(
  context: ClientContext,
  path: string,
  options?: VersionOptions,
): Promise<void> {
  return waitFor(deleteUntilAnswered(context, path, options?.version), options?.signal);
}

async function deleteUntilAnswered(
  context: ClientContext,
  path: string,
  version: number | undefined,
): Promise<void> {
  for (let first = true; ; first = false) {
    try {
      return await deletePlain(context, path, { version });
    } catch (error) {
      // Gone after a lost reply: the delete was applied.
      if (error instanceof NoNodeError && !first) return;
      // The next request waits for a connection, so this cannot spin.
      if (!(error instanceof ConnectionLossError)) throw error;
    }
  }
}

/** The child of `parent` whose name begins with `prefix`, after everything that was sent before has taken effect. */
export async function findByPrefix(
  context: ClientContext,
  parent: string,
  prefix: string,
  signal?: AbortSignal,
): Promise<string | null> {
  for (;;) {
    try {
      // Another server may lag behind the one that was asked to create: sync brings it up to date.
      await sync(context, parent, { signal });
      const names = await children(context, parent, { signal });
      const name = names.find((candidate) => candidate.startsWith(prefix));
      return name === undefined ? null : parent === '/' ? `/${name}` : `${parent}/${name}`;
    } catch (error) {
      if (error instanceof NoNodeError) return null;
      if (!(error instanceof ConnectionLossError)) throw error;
    }
  }
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
