import { FencedOutError } from './errors.ts';
import {
  claimScript,
  commandScript,
  fencedScript,
  type RedisScripting,
  type RedisValue,
  Scripts,
} from './scripts.ts';

export interface FencedRedisOptions {
  /** Name of what the lock protects; all who write to it name the same. */
  readonly resource: string;
  /**
   * Key that keeps the highest token; it must never expire or be evicted. Default `fence:{<resource>}`: in a Redis Cluster, keys
   * that are written have to contain `{<resource>}` too, so that they live in the same place.
   */
  readonly fenceKey?: string | undefined;
}

/** What a write relies on: a `Lease`, or a token that came from elsewhere. */
export interface Fenced {
  readonly fencingToken: number;
  /** Nothing is sent any more when this has aborted. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes to Redis on behalf of a lock's holder: each write carries the lease's token, and a script in Redis refuses it once somebody
 * with a higher token has written to the resource. So a holder that was stopped, and does not know yet that its lock has passed on,
 * cannot overwrite its successor.
 *
 * Takes a client of ioredis, or anything that has its `eval` and `evalsha`; with its `keyPrefix`, if it has one. Not
 * promised: anything about writes that do not go through here, about a Redis that loses acknowledged writes (a failover to a replica,
 * a crash without `appendfsync always`) and with them the fence, or that a write whose answer was lost is not made twice when the
 * Redis client sends it again.
 */
export class FencedRedis {
  readonly resource: string;
  readonly fenceKey: string;
  readonly #scripts: Scripts;

  /** Throws `TypeError` if the resource is no text, and sends nothing. */
  constructor(redis: RedisScripting, { resource, fenceKey }: FencedRedisOptions) {
    if (typeof resource !== 'string' || resource === '') {
      throw new TypeError('FencedRedis: resource must be a text that is not empty');
    }
    this.resource = resource;
    this.fenceKey = fenceKey ?? `fence:{${resource}}`;
    this.#scripts = new Scripts(redis);
  }

  /** Writes with a lease's token. Throws `RangeError` for what is no token. */
  with(lease: Fenced): FencedWriter {
    if (!Number.isSafeInteger(lease.fencingToken) || lease.fencingToken < 0) {
      throw new RangeError(`a fencing token must be a safe integer from 0, not ${lease.fencingToken}`);
    }
    return new FencedWriter(this, this.#scripts, lease);
  }
}

/**
 * The writes of one holder. Each rejects with `FencedOutError` if a newer holder has written, with the reason of the lease's signal
 * if that has aborted, or with the error of Redis.
 */
export class FencedWriter {
  readonly #store: FencedRedis;
  readonly #scripts: Scripts;
  readonly #lease: Fenced;

  /** Made by `FencedRedis.with`. */
  constructor(store: FencedRedis, scripts: Scripts, lease: Fenced) {
    this.#store = store;
    this.#scripts = scripts;
    this.#lease = lease;
  }

  /** Raises the fence without writing: from here on every older holder is refused. A good first step of a new holder. */
  async claim(): Promise<void> {
    await this.#run(claimScript, [], []);
  }

  /** `SET key value`, with options as Redis has them (`'EX', 60`). */
  set(key: string, value: RedisValue, ...options: RedisValue[]): Promise<unknown> {
    return this.command('SET', key, value, ...options);
  }

  /** `DEL`; resolves with the number of keys that there were. */
  del(...keys: string[]): Promise<unknown> {
    return this.command('DEL', keys);
  }

  /** `INCRBY`; resolves with the new number. */
  incr(key: string, by = 1): Promise<unknown> {
    return this.command('INCRBY', key, by);
  }

  /** `HSET` of several fields; resolves with the number of new ones. */
  hset(key: string, fields: Readonly<Record<string, RedisValue>>): Promise<unknown> {
    return this.command('HSET', key, ...Object.entries(fields).flat());
  }

  /** `HDEL`; resolves with the number of fields that there were. */
  hdel(key: string, ...fields: string[]): Promise<unknown> {
    return this.command('HDEL', key, ...fields);
  }

  /** `PEXPIRE`: the key is deleted after so many milliseconds. */
  expire(key: string, afterMs: number): Promise<unknown> {
    return this.command('PEXPIRE', key, afterMs);
  }

  /** Any one command whose keys stand before its other arguments: `command('ZADD', 'ranking', 7, 'ada')`. */
  command(name: string, keys: string | readonly string[], ...values: RedisValue[]): Promise<unknown> {
    return this.#run(commandScript, typeof keys === 'string' ? [keys] : keys, [name, ...values]);
  }

  /**
   * A script of your own (Lua, with `KEYS`, `ARGV` and a `return`), in one step with the look at the fence. A script that fails midway has
   * written what it had written by then, as always in Redis.
   */
  run(
    script: string,
    {
      keys = [],
      args = [],
    }: { readonly keys?: readonly string[]; readonly args?: readonly RedisValue[] } = {},
  ): Promise<unknown> {
    return this.#run(fencedScript(script), keys, args);
  }

  async #run(script: string, keys: readonly string[], values: readonly RedisValue[]): Promise<unknown> {
    const { fencingToken, signal } = this.#lease;
    signal?.throwIfAborted();
    const { fenceKey, resource } = this.#store;
    const answer = await this.#scripts.run(script, [fenceKey, ...keys], [String(fencingToken), ...values]);
    const [admitted, result] = answer as [unknown, unknown];
    // Lua's false stands for Redis's nil; stand-ins of Redis hand it on as it is.
    if (Number(admitted) === 1) return result === false ? null : (result ?? null);
    throw new FencedOutError(resource, fencingToken, Number(result));
  }
}
