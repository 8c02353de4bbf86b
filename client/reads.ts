import type { ByteReader } from '../wire/bytes.ts';
import type { Acl, ClientInfo, Stat } from '../wire/data.ts';
import { ErrorCode } from '../wire/errors.ts';
import { WatcherType } from '../wire/events.ts';
import type { OpCode as OpCodes } from '../wire/opcodes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { replyCodecs } from '../wire/replies.ts';
import { Empty, PathRequest, WatchedPathRequest, WatchesRequest } from '../wire/requests.ts';
import { onAbort } from './aborts.ts';
import type { ClientContext, OperationOptions } from './context.ts';
import { gunzip } from './gzip.ts';
import type { CallSpec } from './requests.ts';
import { type WatchKind, type WatchListener, watchKinds } from './watches.ts';

/** Options of reads that can set a one-shot watch. */
export interface WatchedReadOptions extends OperationOptions {
  /** Called once, with the first change after what the read returned, or when the watch ends otherwise. */
  readonly watch?: WatchListener | undefined;
  /** Takes the watch back: the listener is not called any more, and the last one on the path takes it off the server. */
  readonly watchSignal?: AbortSignal | undefined;
}

export interface NodeData {
  /** The caller's own copy; null where the node has none, which is not the same as an empty one. */
  readonly data: Buffer | null;
  readonly stat: Stat;
}

export interface ChildrenAndStat {
  /** Names in no particular order. */
  readonly children: string[];
  readonly stat: Stat;
}

type WatchedOp =
  | typeof OpCode.exists
  | typeof OpCode.getData
  | typeof OpCode.getChildren
  | typeof OpCode.getChildren2;

interface WatchedRead<T> {
  readonly operation: string;
  readonly type: WatchedOp;
  /** The table that a watch goes into when the node exists. */
  readonly kind: WatchKind;
  read(reader: ByteReader): T;
  /** Result for a missing node, if that is no error; the watch then waits for its creation. */
  absent?: { readonly value: T };
}

/** A read with an optional one-shot watch. The listener is in its table before anything later from the server is looked at. */
function watchedRead<T>(
  context: ClientContext,
  path: string,
  options: WatchedReadOptions | undefined,
  read: WatchedRead<T>,
): Promise<T> {
  const serverPath = context.path(read.operation, path);
  const wanted = options?.watch !== undefined;
  // A persistent watch on the path tells of its changes already. Servers before 3.9 have one kind of watch a path for each connection:
  // a one-shot one would take the place of the persistent one, and both be gone when it has fired (ZOOKEEPER-4466).
  const watch = wanted && !context.watches.isPersistent(serverPath);
  const armed = (kind: WatchKind, abandoned: boolean) => {
    if (options?.watch === undefined) return;
    if (abandoned || options.watchSignal?.aborted === true) removeFromServer(context, serverPath, kind);
    else {
      listen(context, kind, serverPath, context.heard(options.watch), options.watchSignal);
      // The persistent watch went while this read waited for a connection.
      if (!watch && !context.watches.isPersistent(serverPath)) context.connection.rearmPath(serverPath);
    }
  };
  const { operation, type, absent } = read;
  const spec: CallSpec<{ path: string; watch: boolean }, T> = {
    operation,
    path,
    type,
    codec: WatchedPathRequest,
    body: { path: serverPath, watch },
    writes: false,
    read(reader, abandoned) {
      const value = read.read(reader);
      armed(read.kind, abandoned);
      return value;
    },
    readError(errorCode, abandoned) {
      if (errorCode !== ErrorCode.NoNode || absent === undefined) return undefined;
      armed('exist', abandoned);
      return absent;
    },
  };
  return context.call(spec, options?.signal);
}

/** Enters a listener, until it has been called or the signal aborts. */
function listen(
  context: ClientContext,
  kind: WatchKind,
  serverPath: string,
  listener: WatchListener,
  signal: AbortSignal | undefined,
): void {
  if (signal === undefined) {
    context.watches.add(kind, serverPath, listener);
    return;
  }
  const own: WatchListener = (event) => {
    release();
    listener(event);
  };
  const release = onAbort(signal, () => {
    if (context.watches.remove(kind, serverPath, own)) removeFromServer(context, serverPath, kind);
  });
  context.watches.add(kind, serverPath, own);
}

/**
 * Takes a watch that nobody waits for off the server, unless others listen on the path. A read on its way may set it again before
 * the server gets to the removal: then it is set once more afterwards, which also reports what changed in between. A failure does
 * no harm: it leaves a watch whose event finds no listener. Without a connection there is nothing to remove.
 */
function removeFromServer(context: ClientContext, serverPath: string, kind: WatchKind): void {
  if (!context.connection.session.ready) return;
  if (watchKinds.some((other) => context.watches.has(other, serverPath))) return;
  const type = kind === 'child' ? WatcherType.Children : WatcherType.Data;
  const restore = () => {
    context.connection.rearmPath(serverPath);
    return null;
  };
  const spec: CallSpec<{ path: string; type: number }, null> = {
    operation: 'removeWatches',
    path: context.chroot.toClient(serverPath),
    type: OpCode.removeWatches,
    codec: WatchesRequest,
    body: { path: serverPath, type },
    writes: false,
    sendsMax: 1,
    read: restore,
    readError: () => ({ value: restore() }),
  };
  context.call(spec, undefined).catch(() => {});
}

export function exists(
  context: ClientContext,
  path: string,
  options?: WatchedReadOptions,
): Promise<Stat | null> {
  return watchedRead<Stat | null>(context, path, options, {
    operation: 'exists',
    type: OpCode.exists,
    kind: 'data',
    read: (reader) => replyCodecs[OpCode.exists].read(reader).stat,
    absent: { value: null },
  });
}

export interface GetOptions extends WatchedReadOptions {
  /**
   * Whether data that begins as gzip's does (1f 8b) is decompressed. Default: what the client's `compress` says of the path.
   * `stat.dataLength` stays the length on the server.
   */
  readonly decompressed?: boolean | undefined;
}

export function get(context: ClientContext, path: string, options?: GetOptions): Promise<NodeData> {
  const found = getPlain(context, path, options);
  if (!context.compresses(path, options?.decompressed)) return found;
  const { decompressedBytesMax } = context.behaviour;
  return found.then(({ data, stat }) => ({
    data: data === null ? null : gunzip(data, decompressedBytesMax),
    stat,
  }));
}

/** The data as the server holds it. */
export function getPlain(
  context: ClientContext,
  path: string,
  options?: WatchedReadOptions,
): Promise<NodeData> {
  return watchedRead(context, path, options, {
    operation: 'get',
    type: OpCode.getData,
    kind: 'data',
    read: (reader) => readNodeData(reader),
  });
}

/** Copies the data: a view would keep the whole chunk that it arrived in alive. */
export function readNodeData(reader: ByteReader): NodeData {
  const { data, stat } = replyCodecs[OpCode.getData].read(reader);
  return { data: data === null ? null : Buffer.from(data), stat };
}

export function children(
  context: ClientContext,
  path: string,
  options?: WatchedReadOptions,
): Promise<string[]> {
  return watchedRead(context, path, options, {
    operation: 'children',
    type: OpCode.getChildren,
    kind: 'child',
    read: (reader) => replyCodecs[OpCode.getChildren].read(reader).children ?? [],
  });
}

export function childrenAndStat(
  context: ClientContext,
  path: string,
  options?: WatchedReadOptions,
): Promise<ChildrenAndStat> {
  return watchedRead(context, path, options, {
    operation: 'childrenAndStat',
    type: OpCode.getChildren2,
    kind: 'child',
    read: (reader) => {
      const { children, stat } = replyCodecs[OpCode.getChildren2].read(reader);
      return { children: children ?? [], stat };
    },
  });
}

/** A read of one path without a watch. */
function pathRead<T>(
  context: ClientContext,
  operation: string,
  type: OpCodes,
  path: string,
  options: OperationOptions | undefined,
  read: (reader: ByteReader) => T,
): Promise<T> {
  const body = { path: context.path(operation, path) };
  const spec: CallSpec<{ path: string | null }, T> = {
    operation,
    path,
    type,
    codec: PathRequest,
    body,
    writes: false,
    read,
  };
  return context.call(spec, options?.signal);
}

export interface AclAndStat {
  readonly acl: Acl[];
  readonly stat: Stat;
}

export function getAcl(
  context: ClientContext,
  path: string,
  options?: OperationOptions,
): Promise<AclAndStat> {
  return pathRead(context, 'getAcl', OpCode.getACL, path, options, (reader) => {
    const { acl, stat } = replyCodecs[OpCode.getACL].read(reader);
    // A list of the caller's own: the one that is read may be shared.
    return { acl: structuredClone(acl ?? []), stat };
  });
}

export function getAllChildrenNumber(
  context: ClientContext,
  path: string,
  options?: OperationOptions,
): Promise<number> {
  return pathRead(
    context,
    'getAllChildrenNumber',
    OpCode.getAllChildrenNumber,
    path,
    options,
    (reader) => replyCodecs[OpCode.getAllChildrenNumber].read(reader).totalNumber,
  );
}

export function getEphemerals(
  context: ClientContext,
  path: string,
  options?: OperationOptions,
): Promise<string[]> {
  const { chroot } = context;
  return pathRead(context, 'getEphemerals', OpCode.getEphemerals, path, options, (reader) => {
    const paths = replyCodecs[OpCode.getEphemerals].read(reader).children ?? [];
    // The server compares plain prefixes: /app also finds /apple.
    return paths.filter((at) => chroot.contains(at)).map((at) => chroot.toClient(at));
  });
}

export function sync(context: ClientContext, path: string, options?: OperationOptions): Promise<void> {
  return pathRead(context, 'sync', OpCode.sync, path, options, () => undefined);
}

export function whoAmI(context: ClientContext, options?: OperationOptions): Promise<ClientInfo[]> {
  const spec: CallSpec<null, ClientInfo[]> = {
    operation: 'whoAmI',
    path: null,
    type: OpCode.whoAmI,
    codec: Empty,
    body: null,
    writes: false,
    read: (reader) => replyCodecs[OpCode.whoAmI].read(reader).clientInfo ?? [],
  };
  return context.call(spec, options?.signal);
}
