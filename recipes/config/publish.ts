import {
  type Acl,
  BadVersionError,
  MultiError,
  type NodeData,
  NodeExistsError,
  NoNodeError,
  type Transaction,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { childPath, parentOf } from '../../wire/path.ts';
import { getOrNull } from '../follow.ts';
import { mayRepeat } from '../repeat.ts';
import { entryName, type HistoryRecord, historyOf, planHistory, readRecord, writeRecord } from './history.ts';

/** A value that has been found valid and is about to be published. */
export interface PreparedChange {
  readonly path: string;
  /** The value as JSON. */
  readonly text: string;
  /** The version that is to be replaced; null if there must be no value yet, undefined if any will do. */
  readonly ifVersion: number | null | undefined;
  readonly record: HistoryRecord;
  readonly historyMax: number;
  readonly acl: readonly Acl[] | undefined;
}

/** How often a publication may find that others, or a lost connection, came between its reading and its writing. */
const ROUNDS_MAX = 64;

/** The data of a node that holds a value: one that is missing or empty holds none. */
export function dataOf(node: NodeData | null): Buffer | null {
  return node?.data == null || node.data.length === 0 ? null : node.data;
}

/**
 * Publishes all changes in one transaction, with their entries in the histories, and returns their new versions. Each change is
 * applied exactly once, also when the answer is lost with the connection: its entry then tells, unless so many others have published
 * since that it has been dropped. Rejects with `BadVersionError` or `NodeExistsError` if `ifVersion` does not hold.
 */
export async function publishPrepared(
  client: ZooKeeperClient,
  changes: readonly PreparedChange[],
  signal: AbortSignal | undefined,
): Promise<number[]> {
  // The versions that the latest attempt would have made, if nobody has said yet whether it did, and how the answer was lost.
  let inDoubt: readonly number[] | null = null;
  let lost: unknown = null;
  for (let round = 1; ; round++) {
    try {
      if (inDoubt !== null && (await isApplied(client, changes[0]!, inDoubt[0]!, signal)))
        return [...inDoubt];
      inDoubt = lost = null;
      const states = await Promise.all(changes.map((change) => read(client, change, signal)));
      const transaction = client.transaction();
      for (const [i, change] of changes.entries()) add(transaction, change, states[i]!);
      inDoubt = states.map(({ next }) => next);
      await transaction.commit({ signal });
      return [...inDoubt];
    } catch (error) {
      if (error instanceof MultiError) {
        if (round >= ROUNDS_MAX || !isConflict(error.failure)) throw error.failure;
        inDoubt = null;
      } else if (round >= ROUNDS_MAX || !mayRepeat(error)) {
        // Why it could not be found out is of less use than that it is not known.
        throw lost === null || signal?.aborted === true ? error : lost;
      } else if (inDoubt !== null) lost ??= error;
    }
  }
}

/** Whether an operation failed because something was changed after it had been read. */
function isConflict(error: unknown): boolean {
  return error instanceof BadVersionError || error instanceof NoNodeError || error instanceof NodeExistsError;
}

interface State {
  readonly node: NodeData | null;
  readonly next: number;
  /** Names in the history; null if there is none yet. */
  readonly entries: readonly string[] | null;
}

async function read(
  client: ZooKeeperClient,
  { path, ifVersion, acl }: PreparedChange,
  signal: AbortSignal | undefined,
): Promise<State> {
  const node = await getOrNull(client, path, signal);
  const context = { operation: 'publish', path };
  const version = dataOf(node) === null ? null : node!.stat.version;
  if (ifVersion === null && version !== null) {
    throw new NodeExistsError('NodeExists', `there is a value already, of version ${version}`, context);
  }
  if (ifVersion != null && ifVersion !== version) throw new BadVersionError(context, ifVersion);
  if (node === null) {
    if (path !== '/') await client.ensurePath(parentOf(path), { acl, signal });
    return { node, next: 0, entries: null };
  }
  const entries = await client.children(historyOf(path), { signal }).catch((error: unknown) => {
    if (error instanceof NoNodeError) return null;
    throw error;
  });
  return { node, next: (node.stat.version + 1) | 0, entries };
}

/** Adds the operations of one change. All of them hang on the node's version: who comes second finds nothing half done. */
function add(transaction: Transaction, change: PreparedChange, { node, next, entries }: State): void {
  const { path, text, acl, record, historyMax } = change;
  const history = historyOf(path);
  const current = dataOf(node);
  const replaced = current === null ? undefined : parsed(current);
  if (node === null) transaction.create(path, text, { acl });
  else transaction.set(path, text, { version: node.stat.version });
  if (entries === null) transaction.create(history, '', { acl });
  const version = replaced === undefined ? null : node!.stat.version;
  const plan = planHistory(entries ?? [], version, next, historyMax);
  for (const name of plan.drop) transaction.delete(childPath(history, name));
  if (plan.preserve) {
    const preserved = writeRecord({ id: '', by: null, atMs: node!.stat.mtime, value: replaced });
    transaction.create(childPath(history, entryName(node!.stat.version)), preserved, { acl });
  }
  transaction.create(childPath(history, entryName(next)), writeRecord(record), { acl });
}

function parsed(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString());
  } catch {
    // Somebody set what is no value: there is nothing worth going back to.
    return undefined;
  }
}

async function isApplied(
  client: ZooKeeperClient,
  { path, record }: PreparedChange,
  version: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  // The server of the next connection may not have seen yet what the last one did.
  await client.sync(path, { signal });
  const entry = await getOrNull(client, childPath(historyOf(path), entryName(version)), signal);
  return entry !== null && readRecord(entry.data)?.id === record.id;
}
