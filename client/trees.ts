import type { Acl } from '../wire/data.ts';
import { parentOf } from '../wire/path.ts';
import type { ClientContext, OperationOptions } from './context.ts';
import {
  ConnectionLossError,
  NoAuthError,
  NodeExistsError,
  NoNodeError,
  NotEmptyError,
  UnimplementedError,
} from './errors.ts';
import { children, exists } from './reads.ts';
import { READ_SENDS_MAX } from './requests.ts';
import { createPlain, deletePlain } from './writes.ts';

export interface EnsureOptions extends OperationOptions {
  /**
   * What missing nodes are created as. `container` nodes are deleted by the server once their last child is gone; where a server
   * does not offer them, persistent ones are made. Default `persistent`.
   */
  readonly mode?: 'persistent' | 'container' | undefined;
  /** ACL of the nodes that are created; default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
}

/** Containers may be deleted between two steps; that often in a row means that something else is wrong. */
const ENSURE_ROUNDS_MAX = 16;

/** How often a delete may find that somebody else has added a child again. */
const DELETE_ROUNDS_MAX = 64;

/** Deletes under way at once below one node. */
const DELETE_CONCURRENCY = 64;

/** Creates a node with empty data unless it exists; false if its parent does not. */
async function createUnlessExists(
  context: ClientContext,
  path: string,
  options: EnsureOptions,
): Promise<boolean> {
  let mode = options.mode ?? 'persistent';
  for (let sends = 1; ; ) {
    try {
      const { acl, signal } = options;
      await createPlain(context, path, Buffer.alloc(0), { mode, acl, signal, compressed: false });
      return true;
    } catch (error) {
      if (error instanceof NodeExistsError) return true;
      if (error instanceof NoNodeError) return false;
      if (error instanceof UnimplementedError && mode === 'container') mode = 'persistent';
      // Who may not create below the parent learns so even where there is nothing to create.
      else if (error instanceof NoAuthError && (await exists(context, path, options)) !== null) return true;
      else if (!(error instanceof ConnectionLossError) || sends++ >= READ_SENDS_MAX) throw error;
    }
  }
}

async function ensureOnce(context: ClientContext, path: string, options: EnsureOptions): Promise<boolean> {
  const missing: string[] = [];
  for (let at = path; !(await createUnlessExists(context, at, options)); at = parentOf(at)) {
    if (at === '/') return true;
    missing.push(at);
  }
  for (let at = missing.pop(); at !== undefined; at = missing.pop()) {
    if (!(await createUnlessExists(context, at, options))) return false;
  }
  return true;
}

/** Creates a node and those above it, the chroot's included, unless they exist. */
export async function ensurePath(
  context: ClientContext,
  path: string,
  options: EnsureOptions = {},
): Promise<void> {
  const { prefix } = context.chroot;
  if (path === '/') {
    if (prefix === '') return;
    // A chroot is shared by whoever comes later; it must not vanish with the last child.
    return ensurePath(context.whole(), prefix, { ...options, mode: 'persistent' });
  }
  context.path('ensurePath', path);
  for (let round = 1; ; round++) {
    if (prefix !== '' && (await exists(context, '/', options)) === null)
      await ensurePath(context, '/', options);
    if (await ensureOnce(context, path, options)) return;
    if (round >= ENSURE_ROUNDS_MAX) {
      throw new NoNodeError('NoNode', `the nodes above were deleted ${round} times while it was created`, {
        operation: 'ensurePath',
        path,
      });
    }
  }
}

/** Deletes a node and everything below it, children first; not atomic. */
export async function deleteRecursive(
  context: ClientContext,
  path: string,
  options?: OperationOptions,
): Promise<void> {
  for (let round = 1; ; round++) {
    try {
      await deletePlain(context, path, { signal: options?.signal });
      return;
    } catch (error) {
      // A lost reply may have been that of a delete that worked.
      if (error instanceof NoNodeError && round > 1) return;
      const again = error instanceof NotEmptyError || error instanceof ConnectionLossError;
      if (!again || round >= DELETE_ROUNDS_MAX) throw error;
    }
    await deleteChildren(context, path, options);
  }
}

async function deleteChildren(
  context: ClientContext,
  path: string,
  options: OperationOptions | undefined,
): Promise<void> {
  const names = await unlessMissing(children(context, path, { signal: options?.signal }));
  const prefix = path === '/' ? '/' : `${path}/`;
  for (let from = 0; names !== undefined && from < names.length; from += DELETE_CONCURRENCY) {
    const batch = names.slice(from, from + DELETE_CONCURRENCY);
    await Promise.all(batch.map((name) => unlessMissing(deleteRecursive(context, prefix + name, options))));
  }
}

/** Somebody else may have deleted the node first; then there is nothing to do. */
async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof NoNodeError) return undefined;
    throw error;
  }
}
