import { nameOf, parentOf } from '../wire/path.ts';
import type { ClientContext, Data, OperationOptions } from './context.ts';
import {
  BadArgumentsError,
  ConnectionLossError,
  NodeExistsError,
  NoNodeError,
  UnansweredError,
} from './errors.ts';
import { deleteByPrefix, deleteGuaranteed, findByPrefix } from './guaranteed.ts';
import { createIdempotent, setIdempotent } from './idempotent.ts';
import { exists } from './reads.ts';
import { isBusy } from './retry-policies.ts';
import { ensurePath } from './trees.ts';
import { type Created, createPlain, type NodeOptions, setPlain } from './writes.ts';

export interface CreateOptions extends NodeOptions, OperationOptions {
  /**
   * Create missing nodes above: `true` and `persistent` as persistent nodes, `container` as containers. An `acl` that is given is theirs
   * too, and has to allow what is to be created below.
   */
  readonly parents?: boolean | 'persistent' | 'container' | undefined;
  /**
   * Put `_c_<uuid>-` before the name, so that the node can be recognised when the reply to its creation is lost. Then the create
   * either returns the node that was made, or none is left behind. The prefix is Curator's.
   */
  readonly protected?: boolean | undefined;
  /**
   * Settle the unknown: when the answer is lost the node is created again, and one that is there by then with the same data counts as
   * created. For nodes that are found by their path; sequential ones take `protected`.
   */
  readonly idempotent?: boolean | undefined;
  /** Set the node's data if it exists already, whatever its version; its mode and ACL stay. The result has the new Stat. */
  readonly orSet?: boolean | undefined;
}

/** Containers above may be deleted by the server before the child is there, so creation may have to start over. */
const PARENT_ROUNDS_MAX = 16;

/** How often a node may come and go between the attempts to create and to set it. */
const OR_SET_ROUNDS_MAX = 64;

export async function create(
  context: ClientContext,
  path: string,
  data: Data,
  options: CreateOptions = {},
): Promise<Created> {
  if (options.orSet !== true) return createWithParents(context, path, data, options);
  const mode = options.mode ?? 'persistent';
  if (mode.includes('sequential') || options.protected === true) {
    const detail = 'orSet needs a node that is found by its path: neither sequential nor protected';
    throw new BadArgumentsError({ operation: 'create', path, detail });
  }
  for (let round = 1; ; round++) {
    try {
      return await createWithParents(context, path, data, options);
    } catch (error) {
      if (!(error instanceof NodeExistsError)) throw error;
    }
    try {
      const { signal, compressed, idempotent } = options;
      const set = idempotent === true ? setIdempotent : setPlain;
      return { path, stat: await set(context, path, data, { signal, compressed }) };
    } catch (error) {
      if (!(error instanceof NoNodeError) || round >= OR_SET_ROUNDS_MAX) throw error;
    }
  }
}

async function createWithParents(
  context: ClientContext,
  path: string,
  data: Data,
  options: CreateOptions,
): Promise<Created> {
  const { parents = false } = options;
  const createOnce =
    options.protected === true
      ? createProtected
      : options.idempotent === true
        ? createIdempotent
        : createPlain;
  for (let round = 1; ; round++) {
    try {
      return await createOnce(context, path, data, options);
    } catch (error) {
      if (!(error instanceof NoNodeError) || parents === false || round > PARENT_ROUNDS_MAX) throw error;
    }
    const mode = parents === true ? 'persistent' : parents;
    await ensurePath(context, parentOf(path), { mode, acl: options.acl, signal: options.signal });
  }
}

async function createProtected(
  context: ClientContext,
  path: string,
  data: Data,
  options: CreateOptions,
): Promise<Created> {
  const parent = parentOf(path);
  const prefix = `_c_${context.ports.uuid()}-`;
  const marked = `${parent === '/' ? '' : parent}/${prefix}${nameOf(path)}`;
  const ephemeral = options.mode === 'ephemeral' || options.mode === 'ephemeral-sequential';
  const { signal } = options;
  let inDoubt = false;
  try {
    for (;;) {
      try {
        return await createPlain(context, marked, data, options);
      } catch (error) {
        if (!(error instanceof ConnectionLossError)) throw error;
        if (error.outcome === 'not-applied') continue;
        inDoubt = true;
        const found = await adopt(context, parent, prefix, ephemeral, signal);
        if (found !== null) return found;
        inDoubt = false;
      }
    }
  } catch (error) {
    // Nobody will use the node: it must not stay, and the caller need not wait for that.
    const unknown = error instanceof UnansweredError || isBusy(error);
    const mayExist = inDoubt || signal?.aborted === true || unknown;
    if (mayExist) deleteByPrefix(context, parent, prefix).catch(() => {});
    throw error;
  }
}

/**
 * The node that a create without a reply may have made. An ephemeral one counts only if it belongs to the present session: that of
 * an earlier session is about to vanish, and is deleted (CURATOR-604).
 */
async function adopt(
  context: ClientContext,
  parent: string,
  prefix: string,
  ephemeral: boolean,
  signal: AbortSignal | undefined,
): Promise<Created | null> {
  const path = await findByPrefix(context, parent, prefix, signal);
  if (path === null) return null;
  const stat = await exists(context, path, { signal });
  if (stat === null) return null;
  if (!ephemeral || stat.ephemeralOwner === context.connection.session.identity.sessionId)
    return { path, stat };
  await deleteGuaranteed(context, path, { signal }).catch((error: unknown) => {
    if (!(error instanceof NoNodeError)) throw error;
  });
  return null;
}
