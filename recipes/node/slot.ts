import { onAbort } from '../../client/aborts.ts';
import type { ZooKeeperClient } from '../../client/index.ts';
import { pause } from '../../client/retrying.ts';
import { type InterProcessMutex, type Lease, LeaseEndedError } from '../lock/index.ts';
import { isOver, mayRepeat } from '../repeat.ts';
import { OwnedPart, type Part } from './part.ts';

export interface SlotEvents {
  /** Whether `acquired` gives work back. */
  readonly works: boolean;
  /** The item is this member's. Work that is given back has to settle before the item is released. */
  acquired(part: Part): Promise<void> | undefined;
  /** Its signal has aborted, and it is to be released. */
  revoked(part: Part): void;
  released(part: Part): void;
  /** Something has changed about the slot. */
  changed(): void;
  failed(error: Error): void;
}

const RETRY_MS = 1_000;

/**
 * One item as long as it is assigned to this member, and until it is given up after that: takes its lock, hands it out as a part,
 * asks for it back, and releases the lock only when the work has stopped. Everything happens one after the other, so an item that
 * goes and comes back is never handed out twice at once.
 */
export class Slot {
  readonly item: string;
  readonly #client: ZooKeeperClient;
  readonly #mutex: InterProcessMutex;
  readonly #events: SlotEvents;
  #wanted = true;
  /** Aborts the waiting for the lock when it is not wanted any more. */
  #waiting = new AbortController();
  #part: OwnedPart | null = null;
  /** Resolves when the part has been released, by its holder or by us. */
  #releasing: () => void = () => {};
  #loop: Promise<void> | null = null;

  constructor(client: ZooKeeperClient, item: string, mutex: InterProcessMutex, events: SlotEvents) {
    this.#client = client;
    this.item = item;
    this.#mutex = mutex;
    this.#events = events;
  }

  /** The part, if it is this member's and not to be given up. */
  get part(): Part | null {
    return this.#part !== null && !this.#part.signal.aborted ? this.#part : null;
  }

  get wanted(): boolean {
    return this.#wanted;
  }

  /** Whether a part has to be released by its holder. */
  get owes(): boolean {
    return this.#part?.signal.aborted === true;
  }

  get idle(): boolean {
    return this.#loop === null;
  }

  want(): void {
    this.#wanted = true;
    if (this.#loop !== null) return;
    this.#waiting = new AbortController();
    this.#loop = this.#run().finally(() => {
      this.#loop = null;
      // Wanted again while the last step was under way.
      if (this.#wanted) this.want();
      this.#events.changed();
    });
  }

  /** The item is not this member's any more; with `now` it is released without waiting for whoever works on it. */
  unwant(now = false): void {
    this.#wanted = false;
    this.#waiting.abort();
    this.#part?.revoke();
    if (now) this.#releasing();
  }

  /** Resolves when nothing of the slot is under way. */
  async ended(): Promise<void> {
    while (this.#loop !== null) await this.#loop;
  }

  async #run(): Promise<void> {
    while (this.#wanted) {
      if (this.#waiting.signal.aborted) this.#waiting = new AbortController();
      const { signal } = this.#waiting;
      try {
        await this.#own(await this.#mutex.acquire({ signal }));
      } catch (error) {
        if (isOver(error)) {
          this.#wanted = false;
          return;
        }
        // Not wanted any more, or in doubt before it was had: the next attempt waits for a connection.
        const passing = signal.aborted || mayRepeat(error) || error instanceof LeaseEndedError;
        if (passing) continue;
        this.#events.failed(error instanceof Error ? error : new Error(String(error)));
        await pause(this.#client.ports, RETRY_MS, signal).catch(() => {});
      }
    }
  }

  async #own(lease: Lease): Promise<void> {
    const released = new Promise<void>((resolve) => {
      this.#releasing = resolve;
    });
    let gone: () => void = () => {};
    const givenUp = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const part: OwnedPart = new OwnedPart(this.item, lease, () => {
      const mine = this.#part === part;
      if (mine) this.#releasing();
      // Work that waited for its own end would wait for ever.
      return mine && this.#events.works ? Promise.resolve() : givenUp;
    });
    this.#part = part;
    // Given up while the lock was on its way.
    if (!this.#wanted) part.revoke();
    // Otherwise nobody gets to know it: in doubt, or given up, before it was handed out.
    const handedOut = !part.signal.aborted;
    const stopListening = onAbort(part.signal, () => {
      this.#events.revoked(part);
      this.#events.changed();
    });
    try {
      if (handedOut) {
        const work = this.#events.acquired(part);
        this.#events.changed();
        await (work === undefined
          ? released
          : Promise.all([work, Promise.race([released, aborted(part.signal)])]));
      }
    } finally {
      stopListening();
      this.#part = null;
      this.#releasing = () => {};
      part.ended();
      try {
        await lease.release();
      } finally {
        if (handedOut) this.#events.released(part);
        this.#events.changed();
        gone();
      }
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else onAbort(signal, resolve);
  });
}
