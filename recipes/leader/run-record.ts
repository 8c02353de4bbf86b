import {
  type Acl,
  ConnectionLossError,
  MultiError,
  type NodeData,
  NoNodeError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import type { Lease } from '../lock/lease.ts';

/**
 * - `none`: no run yet; due times are counted from `dueMs`.
 * - `begun`: it was about to begin, and its end is not known.
 * - `ended`: the function has returned.
 * - `failed`: the function has thrown and is not called again.
 */
export type RunState = 'none' | 'begun' | 'ended' | 'failed';

/** The latest run, as it is written in the task's node. */
export interface RunRecord {
  /** When it was due: milliseconds since 1970. */
  readonly dueMs: number;
  readonly state: RunState;
  /** Made anew for each attempt. */
  readonly run: string;
  /** How often the run has begun. */
  readonly attempt: number;
  /** Who wrote it, and when by its clock. */
  readonly by: string;
  readonly atMs: number;
  /** The token of the leadership that it ran under. */
  readonly fencingToken: number;
}

const states: readonly unknown[] = ['none', 'begun', 'ended', 'failed'] satisfies RunState[];

/** Reads what a node holds; throws an error that names it and the remedy if that is not a record. */
export function parseRecord(path: string, data: Buffer | null): RunRecord {
  let value: unknown;
  try {
    value = JSON.parse(data?.toString() ?? '');
  } catch {
    value = null;
  }
  const { dueMs, state, run, attempt, by, atMs, fencingToken } = (value ?? {}) as Record<string, unknown>;
  const numbers = [dueMs, attempt, atMs, fencingToken].every(Number.isSafeInteger);
  if (!numbers || !states.includes(state) || typeof run !== 'string' || typeof by !== 'string') {
    throw new TypeError(`${path} does not hold the record of a scheduled task; delete it to begin a new one`);
  }
  return value as RunRecord;
}

export interface VersionedRecord {
  readonly record: RunRecord;
  readonly version: number;
}

/**
 * The node with the latest run. It is written by whoever leads: every write is a transaction that also demands that the leader's
 * node is there, so that one whose term is over cannot write, whether or not it knows.
 */
export class RecordNode {
  readonly path: string;
  readonly #client: ZooKeeperClient;

  constructor(client: ZooKeeperClient, path: string) {
    this.#client = client;
    this.path = path;
  }

  /** Null if there is none yet. */
  async read(signal?: AbortSignal): Promise<VersionedRecord | null> {
    const node = await this.#client.get(this.path, { signal }).catch((error: unknown): NodeData | null => {
      if (error instanceof NoNodeError) return null;
      throw error;
    });
    return node === null ? null : { record: parseRecord(this.path, node.data), version: node.stat.version };
  }

  /**
   * Writes the record over the one of that version, null for none yet. Goes on until it is known whether that was done, also while
   * the connection is lost. Null if not: the term is over, or somebody else has written. Rejects when the session or the client ends.
   */
  async write(
    lease: Pick<Lease, 'path'>,
    record: RunRecord,
    version: number | null,
    acl?: readonly Acl[],
  ): Promise<VersionedRecord | null> {
    const data = JSON.stringify(record);
    let inDoubt = false;
    for (;;) {
      const fenced = this.#client.transaction().check(lease.path, -1);
      try {
        await (version === null
          ? fenced.create(this.path, data, { acl })
          : fenced.set(this.path, data, { version })
        ).commit();
        return { record, version: version === null ? 0 : version + 1 };
      } catch (error) {
        if (error instanceof ConnectionLossError) {
          inDoubt ||= error.outcome === 'unknown';
        } else if (error instanceof MultiError) {
          return inDoubt ? this.#applied(record) : null;
        } else {
          throw error;
        }
      }
    }
  }

  /** The write itself, if it was applied although its answer was lost. */
  async #applied(record: RunRecord): Promise<VersionedRecord | null> {
    for (;;) {
      try {
        const found = await this.read();
        const same = found?.record.run === record.run && found.record.state === record.state;
        return same ? found : null;
      } catch (error) {
        if (!(error instanceof ConnectionLossError)) throw error;
      }
    }
  }
}
