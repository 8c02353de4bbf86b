import type { ByteReader } from '../wire/bytes.ts';
import { CreateMode, type CreateModeName, isTtl } from '../wire/create-mode.ts';
import type { Acl, Stat } from '../wire/data.ts';
import { OpCode } from '../wire/opcodes.ts';
import { replyCodecs } from '../wire/replies.ts';
import {
  CreateRequest,
  CreateTTLRequest,
  DeleteRequest,
  SetACLRequest,
  SetDataRequest,
} from '../wire/requests.ts';
import { aclFor } from './behaviour.ts';
import { type ClientContext, type Data, type OperationOptions, versionOf } from './context.ts';
import { BadArgumentsError } from './errors.ts';
import type { CallSpec } from './requests.ts';

export type { CreateModeName };

/** What a node is created as. */
export interface NodeOptions {
  /** Default `persistent`. */
  readonly mode?: CreateModeName | undefined;
  /** Milliseconds without a change or a child after which the server deletes the node; makes a persistent mode a TTL one. */
  readonly ttlMs?: number | undefined;
  /** Default: what the client's `acl` says; unless told otherwise, world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
  /** Whether the data is compressed with gzip. Default: what the client's `compress` says of the path. */
  readonly compressed?: boolean | undefined;
}

export interface Created {
  /** The node's path; with a sequential mode that is longer than the path asked for. */
  readonly path: string;
  readonly stat: Stat;
}

type CreateOp = typeof OpCode.create2 | typeof OpCode.createContainer | typeof OpCode.createTTL;
interface CreateBody {
  path: string;
  data: Uint8Array | null;
  acl: Acl[];
  flags: number;
  ttl: number;
}

function flagsOf(path: string, options: NodeOptions): CreateMode {
  const { mode = 'persistent', ttlMs } = options;
  const wrong = (detail: string) => new BadArgumentsError({ operation: 'create', path, detail });
  const flags: number | undefined = CreateMode[mode];
  if (flags === undefined) throw wrong(`there is no mode ${JSON.stringify(mode)}`);
  if (ttlMs === undefined) {
    if (isTtl(flags as CreateMode)) throw wrong(`mode ${mode} needs ttlMs`);
    return flags as CreateMode;
  }
  if (!Number.isSafeInteger(ttlMs) || ttlMs <= 0) throw wrong('ttlMs must be a positive integer');
  if (mode === 'persistent') return CreateMode['persistent-with-ttl'];
  if (mode === 'persistent-sequential') return CreateMode['persistent-sequential-with-ttl'];
  if (isTtl(flags as CreateMode)) return flags as CreateMode;
  throw wrong(`mode ${mode} cannot have ttlMs`);
}

/** Operation and body for creating a node; a transaction holds the same. */
export function createOp(
  context: ClientContext,
  path: string,
  data: Data,
  options: NodeOptions,
): { readonly type: CreateOp; readonly body: CreateBody } {
  const flags = flagsOf(path, options);
  const sequential = flags === 2 || flags === 3 || flags === 6;
  const type =
    flags === CreateMode.container
      ? OpCode.createContainer
      : isTtl(flags)
        ? OpCode.createTTL
        : OpCode.create2;
  const body = {
    path: context.path('create', path, sequential),
    data: context.encode('create', path, data, options.compressed),
    acl: [...(options.acl ?? aclFor(context.behaviour, context.policyPath(path)))],
    flags,
    ttl: options.ttlMs ?? -1,
  };
  return { type, body };
}

/** Creates one node, once: no parents, no protection. */
export function createPlain(
  context: ClientContext,
  path: string,
  data: Data,
  options: NodeOptions & OperationOptions,
): Promise<Created> {
  const { type, body } = createOp(context, path, data, options);
  const read = (reader: ByteReader): Created => {
    const created = replyCodecs[type].read(reader);
    return { path: context.chroot.toClient(created.path), stat: created.stat };
  };
  const shared = { operation: 'create', path, body, writes: true, read };
  return type === OpCode.createTTL
    ? context.call({ ...shared, type, codec: CreateTTLRequest }, options.signal)
    : context.call({ ...shared, type, codec: CreateRequest }, options.signal);
}

export interface VersionOptions extends OperationOptions {
  /** The version that the node must have; left out or -1 for any. */
  readonly version?: number | undefined;
}

export interface SetOptions extends VersionOptions {
  /** Whether the data is compressed with gzip. Default: what the client's `compress` says of the path. */
  readonly compressed?: boolean | undefined;
  /**
   * Settle the unknown: when the answer is lost the node is set again, and if it then has the version after the one asked for and the
   * data, it was this. Without a version, what somebody else wrote in between is overwritten.
   */
  readonly idempotent?: boolean | undefined;
}

export function setPlain(
  context: ClientContext,
  path: string,
  data: Data,
  options?: SetOptions,
): Promise<Stat> {
  const version = versionOf('set', path, options?.version);
  const spec: CallSpec<{ path: string; data: Uint8Array | null; version: number }, Stat> = {
    operation: 'set',
    path,
    type: OpCode.setData,
    codec: SetDataRequest,
    body: {
      path: context.path('set', path),
      data: context.encode('set', path, data, options?.compressed),
      version,
    },
    writes: true,
    expectedVersion: version,
    read: (reader) => replyCodecs[OpCode.setData].read(reader).stat,
  };
  return context.call(spec, options?.signal);
}

export function deletePlain(context: ClientContext, path: string, options?: VersionOptions): Promise<void> {
  const version = versionOf('delete', path, options?.version);
  const spec: CallSpec<{ path: string; version: number }, void> = {
    operation: 'delete',
    path,
    type: OpCode.delete,
    codec: DeleteRequest,
    body: { path: context.path('delete', path), version },
    writes: true,
    expectedVersion: version,
    read: () => undefined,
  };
  return context.call(spec, options?.signal);
}

export interface SetAclOptions extends OperationOptions {
  /** The `aversion` that the node must have; left out or -1 for any. */
  readonly version?: number | undefined;
}

export function setAcl(
  context: ClientContext,
  path: string,
  acl: readonly Acl[],
  options?: SetAclOptions,
): Promise<Stat> {
  const version = versionOf('setAcl', path, options?.version);
  const spec: CallSpec<SetACLRequest, Stat> = {
    operation: 'setAcl',
    path,
    type: OpCode.setACL,
    codec: SetACLRequest,
    body: { path: context.path('setAcl', path), acl: [...acl], version },
    writes: true,
    expectedVersion: version,
    read: (reader) => replyCodecs[OpCode.setACL].read(reader).stat,
  };
  return context.call(spec, options?.signal);
}
