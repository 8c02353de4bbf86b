import {
  type Acl,
  BadVersionError,
  MultiError,
  type NodeData,
  NodeExistsError,
  NoNodeError,
  type Transaction,
  type UnansweredError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { childPath, parentOf } from '../../wire/path.ts';
import { getOrNull } from '../follow.ts';
import { mayRepeat } from '../repeat.ts';
import {
  entryName,
  type HistoryRecord,
  historyOf,
  isDropped,
  planHistory,
  readRecord,
  writeRecord,
} from './history.ts';

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

/** An attempt whose answer was lost: the versions that it would have made, and how it was lost. */
interface Doubt {
  readonly versions: readonly number[];
  readonly error: UnansweredError;
}

/**
 * Publishes all changes in one transaction, with their entries in the histories, and returns their new versions. Each change is
 * applied once, also when the answer is lost with the connection: its entry then tells. Where so many others have published since
 * that it may have been dropped, it rejects with how the answer was lost. Rejects with `BadVersionError` or `NodeExistsError` if
 * `ifVersion` does not hold.
 */
export async function publishPrepared(
  client: ZooKeeperClient,
  changes: readonly PreparedChange[],
  signal: AbortSignal | undefined,
): Promise<number[]> {
  // Kept to the end: what an ended session has sent may still arrive.
  const doubts: Doubt[] = [];
  for (let round = 1; ; round++) {
    let known = doubts.length === 0;
    let versions: readonly number[] | null = null;
    try {
      const applied = known ? null : await appliedOf(client, changes[0]!, doubts, signal);
      if (applied !== null) return [...applied];
      known = true;
      const states = await Promise.all(changes.map((change) => read(client, change, signal)));
      const transaction = client.transaction();
      for (const [i, change] of changes.entries()) add(transaction, change, states[i]!);
      versions = states.map(({ next }) => next);
      await transaction.commit({ signal });
      return [...versions];
    } catch (error) {
      if (error instanceof MultiError) {
        if (round >= ROUNDS_MAX || !isConflict(error.failure)) throw error.failure;
      } else if (round >= ROUNDS_MAX || !mayRepeat(error)) {
        // Why it could not be found out is of less use than that it is not known.
        throw known || signal?.aborted === true ? error : doubts.at(-1)!.error;
      } else if (versions !== null && error.outcome === 'unknown') doubts.push({ versions, error });
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
  change: PreparedChange,
  signal: AbortSignal | undefined,
): Promise<State> {
  const { path, acl } = change;
  let node = await getOrNull(client, path, signal);
  if (fault(change, node) !== null) {
    // The server may lag behind the one that showed the version.
    await client.sync(path, { signal });
    node = await getOrNull(client, path, signal);
    const error = fault(change, node);
    if (error !== null) throw error;
  }
  if (node === null) {
    if (path !== '/') await client.ensurePath(parentOf(path), { acl, signal });
    return { node, next: 0, entries: null };
  }
  return { node, next: (node.stat.version + 1) | 0, entries: await entriesOf(client, path, signal) };
}

/** Why a change is not to be made of what is there; null if it is. */
function fault({ path, ifVersion }: PreparedChange, node: NodeData | null): Error | null {
  if (ifVersion === undefined) return null;
  const context = { operation: 'publish', path };
  const version = dataOf(node) === null ? null : node!.stat.version;
  if (ifVersion === version) return null;
  if (ifVersion !== null) return new BadVersionError(context, ifVersion);
  return new NodeExistsError('NodeExists', `there is a value already, of version ${version}`, context);
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

/** The versions that one of the attempts has made; null if none has made any. All changes of one are applied together. */
async function appliedOf(
  client: ZooKeeperClient,
  { path, record }: PreparedChange,
  doubts: readonly Doubt[],
  signal: AbortSignal | undefined,
): Promise<readonly number[] | null> {
  // The server of the next connection may not have seen yet what the last one did.
  await client.sync(path, { signal });
  // Before the entries: they are then not older than the version.
  const node = await getOrNull(client, path, signal);
  if (node === null) return null;
  const kept = await entriesOf(client, path, signal);
  for (const { versions, error } of doubts) {
    const [version] = versions as readonly [number];
    if (kept?.includes(entryName(version)) === true) {
      const entry = await getOrNull(client, childPath(historyOf(path), entryName(version)), signal);
      if (entry === null) throw error;
      if (readRecord(entry.data)?.id === record.id) return versions;
    } else if (isDropped(kept ?? [], version, node.stat.version)) throw error;
  }
  return null;
}

async function entriesOf(
  client: ZooKeeperClient,
  path: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[] | null> {
  try {
    return await client.children(historyOf(path), { signal });
  } catch (error) {
    if (error instanceof NoNodeError) return null;
    throw error;
  }
}
