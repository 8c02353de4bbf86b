import { NodeExistsError, NoNodeError, type ZooKeeperClient } from '../../client/index.ts';
import { childPath } from '../../wire/path.ts';
import type { WaitOptions } from '../patience.ts';
import {
  compareItems,
  delayNames,
  delayPart,
  type ItemName,
  idIn,
  idNames,
  idPart,
  plainNames,
  priorityNames,
  priorityPart,
} from './names.ts';
import type { QueueOptions } from './options.ts';
import { Queue } from './queue.ts';

/** Options of queues in which an item may overtake others. */
export interface OvertakingOptions<T> extends QueueOptions<T> {
  /**
   * How many items a consumer tries, of those that it knows, before it looks whether more urgent ones have come. 0, the default,
   * keeps the order best; more is less work where the queue is long. Curator's option of the same name.
   */
  readonly minItemsBeforeRefresh?: number | undefined;
}

/**
 * A queue whose items are handled in the order in which they were put; started in that order, if consumers handle several at once.
 * Curator's recipe of the same name: Java programs can put into it and consume from it.
 */
export class DistributedQueue<T> extends Queue<T> {
  /** Throws `TypeError` or `RangeError` if an argument cannot be right. Does nothing on the server. */
  constructor(client: ZooKeeperClient, path: string, options: QueueOptions<T> = {}) {
    super(client, path, plainNames, options);
  }

  /**
   * Puts an item at the end. With `maxItems` it waits for room: `WaitTimeoutError` if there is none within `timeoutMs`.
   *
   * Over lost connections the item is put exactly once. If the session ends before the server's answer comes it rejects with
   * `SessionExpiredError`, whose `outcome` says whether the item may have been put; so it may when the signal's reason is thrown.
   */
  put(item: T, options: WaitOptions = {}): Promise<void> {
    return this.putItems('', [item], options);
  }

  /** Puts several items as one: they are handled one after the other by one consumer, and count as one for `maxItems`. */
  putMulti(items: Iterable<T>, options: WaitOptions = {}): Promise<void> {
    return this.putItems('', items, options);
  }
}

/** The same with an id for each item, by which items can be removed. Ids need not be unique; `/` and `|` in them count as `_`. */
export class DistributedIdQueue<T> extends Queue<T> {
  /** Throws `TypeError` or `RangeError` if an argument cannot be right. Does nothing on the server. */
  constructor(client: ZooKeeperClient, path: string, options: QueueOptions<T> = {}) {
    super(client, path, idNames, options);
  }

  /** Puts an item at the end, as `DistributedQueue.put` does. */
  async put(item: T, id: string, options: WaitOptions = {}): Promise<void> {
    return this.putItems(checkedId(id), [item], options);
  }

  /** Whether there is an item with this id. */
  async has(id: string, options: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    return (await this.#named(checkedId(id), options.signal)).length > 0;
  }

  /** Removes the items with this id, except those in hand; returns how many. */
  async remove(id: string, options: { readonly signal?: AbortSignal } = {}): Promise<number> {
    let removed = 0;
    for (const item of await this.#named(checkedId(id), options.signal)) {
      if (await this.#remove(item.name, options.signal)) removed++;
    }
    return removed;
  }

  async #named(part: string, signal: AbortSignal | undefined): Promise<ItemName[]> {
    const names = await this.client.children(this.path, { signal }).catch((error: unknown) => {
      if (error instanceof NoNodeError) return [];
      throw error;
    });
    const items = names
      .map((name) => this.naming.parse(name))
      .filter((item): item is ItemName => item !== null);
    return items.filter((item) => idPart(idIn(item) ?? '') === part).sort(compareItems);
  }

  async #remove(name: string, signal: AbortSignal | undefined): Promise<boolean> {
    const item = childPath(this.path, name);
    const lock = this.lockPath === null ? null : childPath(this.lockPath, name);
    try {
      await this.receipts.apply((transaction) => {
        // For the length of the transaction the item is in our hand, which fails if it is in another's.
        if (lock === null) return transaction.delete(item);
        return transaction.create(lock, '', { mode: 'ephemeral' }).delete(item).delete(lock);
      }, signal);
      return true;
    } catch (error) {
      if (error instanceof NodeExistsError) return false;
      if (error instanceof NoNodeError && error.path === item) return false;
      // Nobody has ever consumed: there is not even a directory of locks.
      if (error instanceof NoNodeError && error.path === lock) return this.#removeUnlocked(item, signal);
      throw error;
    }
  }

  async #removeUnlocked(item: string, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      await this.receipts.apply((transaction) => transaction.delete(item), signal);
      return true;
    } catch (error) {
      if (error instanceof NoNodeError && error.path === item) return false;
      throw error;
    }
  }
}

/** A queue whose items are handled by priority, the lowest number first; those of the same priority in the order of `put`. */
export class DistributedPriorityQueue<T> extends Queue<T> {
  /** Throws `TypeError` or `RangeError` if an argument cannot be right. Does nothing on the server. */
  constructor(client: ZooKeeperClient, path: string, options: OvertakingOptions<T> = {}) {
    super(client, path, priorityNames, options);
  }

  /** Puts an item, as `DistributedQueue.put` does. `priority` is an integer of 32 bits with a sign; `RangeError` if not. */
  async put(item: T, priority: number, options: WaitOptions = {}): Promise<void> {
    return this.putItems(checkedPriority(priority), [item], options);
  }

  /** Puts several items as one. */
  async putMulti(items: Iterable<T>, priority: number, options: WaitOptions = {}): Promise<void> {
    return this.putItems(checkedPriority(priority), items, options);
  }
}

/** A queue whose items are handled when their time has come, by the wall clock of the consumer; the earliest first. */
export class DistributedDelayQueue<T> extends Queue<T> {
  /** Throws `TypeError` or `RangeError` if an argument cannot be right. Does nothing on the server. */
  constructor(client: ZooKeeperClient, path: string, options: OvertakingOptions<T> = {}) {
    super(client, path, delayNames, options);
  }

  /** Puts an item, as `DistributedQueue.put` does. `dueAt` is a `Date` or milliseconds since 1970; `RangeError` if neither. */
  async put(item: T, dueAt: number | Date, options: WaitOptions = {}): Promise<void> {
    return this.putItems(checkedTime(dueAt), [item], options);
  }

  /** Puts several items as one. */
  async putMulti(items: Iterable<T>, dueAt: number | Date, options: WaitOptions = {}): Promise<void> {
    return this.putItems(checkedTime(dueAt), items, options);
  }
}

function checkedId(id: string): string {
  if (typeof id !== 'string' || id === '')
    throw new TypeError('queue: an id must be a string that is not empty');
  return idPart(id);
}

function checkedPriority(priority: number): string {
  if (priority !== (priority | 0)) {
    throw new RangeError(`queue: a priority must be an integer of 32 bits, not ${priority}`);
  }
  return priorityPart(priority);
}

function checkedTime(dueAt: number | Date): string {
  const ms = Number(dueAt);
  if (!Number.isSafeInteger(ms) || ms <= 0) {
    throw new RangeError(`queue: a time must be milliseconds since 1970, not ${String(dueAt)}`);
  }
  return delayPart(ms);
}
