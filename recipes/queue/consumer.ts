import PQueue from 'p-queue';
import { onAbort } from '../../client/aborts.ts';
import { ClosedError, NoNodeError, type ZooKeeperClient } from '../../client/index.ts';
import { Bell } from '../bell.ts';
import { isRefusedForNow } from '../repeat.ts';
import { Backlog } from './backlog.ts';
import type { Naming } from './names.ts';
import { isTransient, pause } from './passing.ts';
import { QueueWatcher } from './watcher.ts';
import type { Worked, WorkSignals } from './work.ts';

export interface ConsumerPlan {
  readonly client: ZooKeeperClient;
  readonly path: string;
  readonly lockPath: string | null;
  readonly naming: Naming;
  readonly concurrency: number;
  /** How many items are tried before newcomers that may overtake are looked for. */
  readonly itemsBeforeRefresh: number;
  readonly graceMs: number;
  /** Makes the directories. */
  prepare(signal: AbortSignal): Promise<void>;
  /** Handles one item from taking it to letting go of it. */
  work(name: string, signals: WorkSignals): Promise<Worked>;
}

/** How long it waits at most for an item to become due: somebody may set the clock, of which no timer tells. */
const LOOK_MS = 60_000;

/** Items are listed again when we came too late for more than this part of those that are known. */
const LATE_SHARE = 100;

/** How often in a row the items cannot be listed because connections or sessions are lost, before that is a failure. */
const FAILURES_MAX = 100;

/** Takes items one after the other and has up to `concurrency` of them handled at once, until it is stopped. */
export class Consumer {
  readonly #plan: ConsumerPlan;
  readonly #backlog: Backlog;
  readonly #watcher: QueueWatcher;
  readonly #bell = new Bell();
  readonly #work: PQueue;
  /** Attempts that have not ended, also those whose handlers are done. */
  readonly #ending = new Set<Promise<void>>();
  /** Items with handlers, or on their way to them. Counted here: when one is done the bell rings, and by then it must not count any more. */
  #atWork = 0;
  readonly #inHand = new Set<string>();
  /** Items that others have in hand, as far as known. */
  #elsewhere = new Set<string>();
  #triedSinceListed = 0;
  /** Items that somebody else took before us. */
  #lateSinceListed = 0;
  #failuresInRow = 0;
  readonly #stop = new AbortController();
  readonly #cutShort = new AbortController();
  #failure: { readonly error: unknown } | null = null;

  constructor(plan: ConsumerPlan) {
    this.#plan = plan;
    this.#backlog = new Backlog(plan.naming);
    const fail = (error: unknown): void => this.#fail(error);
    this.#watcher = new QueueWatcher(plan.client, plan.path, plan.lockPath, this.#bell.ring, fail);
    this.#work = new PQueue({ concurrency: plan.concurrency });
  }

  /** Runs until one of the signals aborts and everything in hand is done. Rejects with what it cannot go on after. */
  async run(signals: readonly AbortSignal[]): Promise<void> {
    const releases = signals.map((signal) => onAbort(signal, () => this.#stop.abort(signal.reason)));
    for (const signal of signals) if (signal.aborted) this.#stop.abort(signal.reason);
    onAbort(this.#stop.signal, this.#bell.ring);
    const { client } = this.#plan;
    const onEnd = (error: Error | null): void => this.#fail(error ?? closed(this.#plan.path));
    client.on('end', onEnd);
    try {
      while (!this.#stop.signal.aborted) await this.#step();
    } catch (error) {
      this.#fail(error);
    } finally {
      client.off('end', onEnd);
      this.#watcher.close();
      for (const release of releases) release();
      await this.#drain();
    }
    if (this.#failure !== null) throw this.#failure.error;
  }

  async #step(): Promise<void> {
    if (this.#atWork >= this.#plan.concurrency) return this.#bell.rung();
    if (this.#listingIsDue()) {
      if (!(await this.#list())) return;
    }
    const next = this.#backlog.next(this.#plan.client.ports.wallMs(), (bound) =>
      this.#plan.client.ports.random.below(bound),
    );
    if (next.kind === 'take') {
      this.#triedSinceListed++;
      this.#start(next.name);
      return;
    }
    if (this.#watcher.stale) {
      // Newcomers may be due before what is known.
      await this.#list();
      return;
    }
    this.#watcher.watchLocks(this.#elsewhere);
    if (next.kind === 'none') return this.#bell.rung();
    const cancel = this.#plan.client.ports.after(Math.min(next.afterMs, LOOK_MS), this.#bell.ring);
    await this.#bell.rung();
    cancel();
  }

  #listingIsDue(): boolean {
    if (!this.#watcher.stale) return false;
    const { size } = this.#backlog;
    // Others are at work on what we know of: trying is dearer than reading, as long as that is not about many.
    if (size === 0 || this.#lateSinceListed > size / LATE_SHARE) return true;
    return this.#plan.naming.overtaking && this.#triedSinceListed >= this.#plan.itemsBeforeRefresh;
  }

  /** False if there is reason to begin again. */
  async #list(): Promise<boolean> {
    const { signal } = this.#stop;
    try {
      const { names, locked } = await this.#watcher.list(signal);
      this.#backlog.fill(names, (name) => locked.has(name) || this.#inHand.has(name));
      this.#elsewhere = new Set(names.filter((name) => locked.has(name) && !this.#inHand.has(name)));
      this.#triedSinceListed = 0;
      this.#lateSinceListed = 0;
      this.#failuresInRow = 0;
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      if (error instanceof NoNodeError) await this.#prepare();
      else if (isRefusedForNow(error)) await pause(this.#plan.client);
      else if (!isTransient(error) || ++this.#failuresInRow > FAILURES_MAX) throw error;
      return false;
    }
  }

  async #prepare(): Promise<void> {
    const { signal } = this.#stop;
    try {
      await this.#plan.prepare(signal);
    } catch (error) {
      if (!signal.aborted && !isTransient(error)) throw error;
      if (isRefusedForNow(error)) await pause(this.#plan.client);
    }
  }

  #start(name: string): void {
    this.#inHand.add(name);
    this.#atWork++;
    void this.#work.add(
      () =>
        new Promise<void>((resolve) => {
          let free = (): void => {
            free = () => {};
            this.#atWork--;
            resolve();
            this.#bell.ring();
          };
          const ending = this.#attempt(name, () => free()).then((worked) => {
            this.#ending.delete(ending);
            this.#ended(name, worked);
            free();
            this.#bell.ring();
          });
          this.#ending.add(ending);
        }),
    );
  }

  async #attempt(name: string, handled: () => void): Promise<Worked> {
    const signals = { stopping: this.#stop.signal, cutShort: this.#cutShort.signal, handled };
    try {
      return await this.#plan.work(name, signals);
    } catch (error) {
      if (!this.#stop.signal.aborted && !isTransient(error)) this.#fail(error);
      if (isRefusedForNow(error)) await pause(this.#plan.client);
      return 'back';
    }
  }

  #ended(name: string, worked: Worked): void {
    // One that cannot be dealt with counts as in hand from now on: it would be tried again and again.
    if (worked !== 'stuck') this.#inHand.delete(name);
    if (worked === 'elsewhere') this.#elsewhere.add(name);
    // Its node has not changed, so that no watch tells.
    if (worked === 'back') this.#watcher.expire();
    const late = worked === 'elsewhere' || worked === 'gone';
    if (late) this.#lateSinceListed++;
    this.#backlog.tried(!late);
  }

  #fail(error: unknown): void {
    if (!this.#stop.signal.aborted) this.#failure ??= { error };
    this.#stop.abort(error);
    this.#cutShort.abort(error);
  }

  /** Waits for what is in hand, for some time without disturbing it. */
  async #drain(): Promise<void> {
    const { client, graceMs } = this.#plan;
    const reason: unknown = this.#stop.signal.reason;
    const cancel =
      graceMs === Number.POSITIVE_INFINITY
        ? () => {}
        : client.ports.after(graceMs, () => this.#cutShort.abort(reason));
    await this.#work.onIdle();
    await Promise.all(this.#ending);
    cancel();
  }
}

function closed(path: string): ClosedError {
  return new ClosedError({ operation: 'consume', path }, 'not-applied');
}
