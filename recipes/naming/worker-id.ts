import { type Acl, NoNodeError, type ZooKeeperClient } from '../../client/index.ts';
import { WaitTimeoutError } from '../errors.ts';
import { contend } from '../lock/contender.ts';
import { type Lease, leaseOn } from '../lock/lease.ts';
import type { Place } from '../lock/place.ts';
import { recipePath } from '../paths.ts';
import { patiently, type WaitOptions, wouldWait } from '../patience.ts';
import { until } from '../until.ts';

export interface WorkerIdOptions extends WaitOptions {
  /** How many numbers there are: 0 to `max` - 1. Everybody must say the same. */
  readonly max: number;
  /** ACL of everything that is created. Default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
}

/** Draws a number that nobody has, from the names of those who have one; null if there is none. */
export function freeNumber(
  names: readonly string[],
  max: number,
  below: (bound: number) => number,
): number | null {
  const taken = new Set<number>();
  for (const name of names) {
    const number = /worker-(\d+)-(?:\d{10}|-\d{9,10})$/.exec(name)?.[1];
    if (number !== undefined && Number(number) < max) taken.add(Number(number));
  }
  if (taken.size >= max) return null;
  // The n-th of the free ones.
  let number = 0;
  for (let left = below(max - taken.size); left > 0 || taken.has(number); number++) {
    if (!taken.has(number)) left--;
  }
  return number;
}

/**
 * A small number that nobody else has while the lease lasts: for ids, shards, ports. A `Lease` like that of a lock: heed its `signal`,
 * or `safeForMs`; when it has ended somebody else may have the number.
 */
export class WorkerId implements Lease {
  /** The number: 0 to `max` - 1. */
  readonly number: number;
  readonly #lease: Lease;

  private constructor(number: number, lease: Lease) {
    this.number = number;
    this.#lease = lease;
  }

  /**
   * Takes a number that is free, drawn at random, waiting for one if all are taken. Rejects with `WaitTimeoutError`, the signal's
   * reason, `SessionExpiredError`, or whatever else an operation may end with; then nothing is left on the server.
   */
  static lease(client: ZooKeeperClient, path: string, options: WorkerIdOptions): Promise<WorkerId> {
    const { max } = options;
    recipePath('worker number', path);
    if (!Number.isSafeInteger(max) || max < 1) {
      throw new RangeError(`worker number: max must be an integer of at least 1, not ${max}`);
    }
    return patiently(
      client.ports,
      options,
      (timeoutMs) => new WaitTimeoutError('no free worker number', path, timeoutMs),
      async (signal, wait) => {
        for (;;) {
          const number = await untilFree(client, path, options, signal, wait);
          const place = await take(client, path, number, options.acl, signal);
          if (place === null) continue;
          return new WorkerId(number, leaseOn(client, place, {}, signal));
        }
      },
    );
  }

  get fencingToken(): number {
    return this.#lease.fencingToken;
  }

  get path(): string {
    return this.#lease.path;
  }

  get signal(): AbortSignal {
    return this.#lease.signal;
  }

  get held(): boolean {
    return this.#lease.held;
  }

  safeForMs(): number {
    return this.#lease.safeForMs();
  }

  /** Gives the number back. Idempotent. */
  release(): Promise<void> {
    return this.#lease.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

function untilFree(
  client: ZooKeeperClient,
  path: string,
  { max, acl }: WorkerIdOptions,
  signal: AbortSignal,
  wait: boolean,
): Promise<number> {
  return until(
    async (read) => {
      for (;;) {
        try {
          return await client.children(path, read);
        } catch (error) {
          if (!(error instanceof NoNodeError)) throw error;
          await client.ensurePath(path, { acl, signal });
        }
      }
    },
    (names) => freeNumber(names, max, (bound) => client.ports.random.below(bound)) ?? undefined,
    signal,
    wait,
  );
}

/** A number is a lock, whose first contender has it. Null if somebody else was quicker. */
async function take(
  client: ZooKeeperClient,
  directory: string,
  number: number,
  acl: readonly Acl[] | undefined,
  signal: AbortSignal,
): Promise<Place | null> {
  const contender = { directory, marker: `worker-${number}-`, data: '', acl };
  try {
    return await contend(client, contender, signal, false);
  } catch (error) {
    if (error === wouldWait) return null;
    throw error;
  }
}
