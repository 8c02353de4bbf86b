import { AddWatchMode, WatcherType } from '../wire/events.ts';
import { OpCode } from '../wire/opcodes.ts';
import { AddWatchRequest, WatchesRequest } from '../wire/requests.ts';
import type { ClientContext, OperationOptions } from './context.ts';
import { BadArgumentsError, NoWatcherError, UnansweredError, ZooKeeperError } from './errors.ts';
import type { CallSpec } from './requests.ts';
import type { WatchKind, WatchListener } from './watches.ts';

export interface AddWatchOptions extends OperationOptions {
  /** Also watch everything below the node; children's names changing is then not reported apart. */
  readonly recursive?: boolean | undefined;
}

/** Which watches `checkWatches` and `removeWatches` mean. */
export type WatchTypeName = 'children' | 'data' | 'any' | 'persistent' | 'persistentRecursive';

const types: Record<WatchTypeName, { readonly wire: number; readonly kinds: readonly WatchKind[] }> = {
  children: { wire: WatcherType.Children, kinds: ['child'] },
  data: { wire: WatcherType.Data, kinds: ['data', 'exist'] },
  any: { wire: WatcherType.Any, kinds: ['data', 'exist', 'child', 'persistent', 'recursive'] },
  persistent: { wire: WatcherType.Persistent, kinds: ['persistent'] },
  persistentRecursive: { wire: WatcherType.PersistentRecursive, kinds: ['recursive'] },
};

function typeOf(operation: string, path: string, type: WatchTypeName): (typeof types)[WatchTypeName] {
  if (Object.hasOwn(types, type)) return types[type];
  throw new BadArgumentsError({ operation, path, detail: `there is no type ${JSON.stringify(type)}` });
}

/** A persistent watch that is in place. */
export interface Watch extends AsyncDisposable {
  readonly path: string;
  readonly recursive: boolean;
  /** Ends the watch: the listener is not called any more, and the last one takes the watch off the server. Idempotent. */
  remove(): Promise<void>;
}

export async function addWatch(
  context: ClientContext,
  path: string,
  listener: WatchListener,
  options?: AddWatchOptions,
): Promise<Watch> {
  const recursive = options?.recursive === true;
  const kind: WatchKind = recursive ? 'recursive' : 'persistent';
  const serverPath = context.path('addWatch', path);
  // Each watch is a listener of its own, so that the same function may serve several.
  const heard = context.heard(listener);
  const own: WatchListener = (event) => heard(event);
  // In the table before the server knows: somebody who removes the same watch meanwhile then sees that it is still needed.
  context.watches.add(kind, serverPath, own);
  const remove = () => removePersistent(context, kind, path, serverPath, own);
  // Servers before 3.9 keep the later one of two kinds on one path (ZOOKEEPER-4466): the one that reports more must be that.
  const wide = recursive || context.watches.has('recursive', serverPath);
  const mode = wide ? AddWatchMode.persistentRecursive : AddWatchMode.persistent;
  const spec: CallSpec<{ path: string; mode: number }, null> = {
    operation: 'addWatch',
    path,
    type: OpCode.addWatch,
    codec: AddWatchRequest,
    body: { path: serverPath, mode },
    writes: false,
    read: () => null,
  };
  try {
    await context.call(spec, options?.signal);
  } catch (error) {
    // What is left on the server, if anything, goes in the background; the error is what the caller has to know.
    remove().catch(() => {});
    // Who has meanwhile relied on it for a one-shot watch gets one.
    context.connection.rearmPath(serverPath);
    throw error;
  }
  return { path, recursive, remove, [Symbol.asyncDispose]: remove };
}

async function removePersistent(
  context: ClientContext,
  kind: 'persistent' | 'recursive',
  path: string,
  serverPath: string,
  listener: WatchListener,
): Promise<void> {
  if (!context.watches.remove(kind, serverPath, listener)) return;
  if (context.watches.has(kind, serverPath) || context.connection.session.ended) return;
  const type = kind === 'recursive' ? 'persistentRecursive' : 'persistent';
  try {
    await send(context, path, serverPath, type, undefined);
  } catch (error) {
    // Lost connections and sessions take watches with them: then there is nothing left to remove.
    if (!(error instanceof ZooKeeperError)) throw error;
  }
}

/** Whether a server's refusal means that it does not tell persistent watches from others (before 3.9). */
function unknownType(error: unknown, type: WatchTypeName): boolean {
  if (type !== 'persistent' && type !== 'persistentRecursive') return false;
  if (!(error instanceof ZooKeeperError)) return false;
  return error.code === 'MarshallingError' || error.code === 'BadArguments' || error.code === 'Unimplemented';
}

/** Takes watches off the server; `removed` runs before anything that the server sent later is looked at. */
function request(
  context: ClientContext,
  path: string,
  body: { path: string; type: number },
  signal: AbortSignal | undefined,
  removed: () => void,
): Promise<void> {
  const spec: CallSpec<{ path: string; type: number }, void> = {
    operation: 'removeWatches',
    path,
    type: OpCode.removeWatches,
    codec: WatchesRequest,
    body,
    writes: false,
    // A lost connection takes the watches with it: then there is nothing left to ask for.
    sendsMax: 1,
    read: removed,
  };
  return context.call(spec, signal);
}

/**
 * Takes watches off the server. One before 3.9 removes all kinds at once or the wrong ones: those that are still listened to are
 * set again, which reports what changed in between to one-shot watches; persistent ones are told that they may have missed it.
 */
async function send(
  context: ClientContext,
  path: string,
  serverPath: string,
  type: WatchTypeName,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!context.connection.session.ready) return;
  const restore = () => context.connection.rearmPath(serverPath);
  try {
    await request(context, path, { path: serverPath, type: types[type].wire }, signal, restore);
  } catch (error) {
    if (!unknownType(error, type)) throw error;
    await request(context, path, { path: serverPath, type: WatcherType.Any }, signal, () => {
      restore();
      context.watches.resyncPath(serverPath);
    });
  }
}

export async function removeWatches(
  context: ClientContext,
  path: string,
  type: WatchTypeName,
  options?: OperationOptions,
): Promise<void> {
  const serverPath = context.path('removeWatches', path);
  const known = typeOf('removeWatches', path, type);
  if (!known.kinds.some((kind) => context.watches.has(kind, serverPath))) {
    throw new NoWatcherError('NoWatcher', 'this client has no such watch', {
      operation: 'removeWatches',
      path,
    });
  }
  context.watches.end(known.kinds, serverPath, 'removed');
  try {
    await send(context, path, serverPath, type, options?.signal);
  } catch (error) {
    // It fired meanwhile, or went with a connection: gone is gone.
    if (!(error instanceof NoWatcherError || error instanceof UnansweredError)) throw error;
  }
}

export async function checkWatches(
  context: ClientContext,
  path: string,
  type: WatchTypeName,
  options?: OperationOptions,
): Promise<boolean> {
  const serverPath = context.path('checkWatches', path);
  const { wire } = typeOf('checkWatches', path, type);
  const spec: CallSpec<{ path: string; type: number }, void> = {
    operation: 'checkWatches',
    path,
    type: OpCode.checkWatches,
    codec: WatchesRequest,
    body: { path: serverPath, type: wire },
    writes: false,
    read: () => undefined,
  };
  try {
    await context.call(spec, options?.signal);
    return true;
  } catch (error) {
    if (error instanceof NoWatcherError) return false;
    throw error;
  }
}
