import { checkHistory } from '../history/check.ts';
import { Recorder } from '../history/history.ts';
import { Rng } from '../kit/seed.ts';
import { changesOf } from './check/changes.ts';
import { checkSyncs } from './check/syncs.ts';
import { checkWatches } from './check/watches.ts';
import { checkZab } from './check/zab.ts';
import { type Seams, SimulatedCluster } from './cluster.ts';
import { DigestRecorder } from './digest-recorder.ts';
import { comparable, difference, seenIn } from './last-look.ts';
import type { Plan } from './plan.ts';
import { SimClient } from './sim-client.ts';
import { performStep } from './steps.ts';
import type { Trace } from './trace.ts';
import { TraceHash } from './trace-hash.ts';
import { ZabRecorder } from './zab-recorder.ts';

const TICK_MS = 500;
const START_MS = 1_000;
/** In the calm phase everybody must serve within this time, and then the last look comes. */
const CALM_MS = 120_000;
const EVENTS_MAX = 1_000_000;
/** Longer than any way is slow. */
const LATE_MS = 2_000;

export interface RunResult {
  /** What the run breaks, a line each; empty if nothing. */
  readonly violations: readonly string[];
  /** Of everything that happened between servers: the same for the same plan. */
  readonly traceHash: string;
  readonly transactions: number;
  readonly acknowledged: number;
  readonly elections: number;
}

export interface RunSeams {
  readonly seams?: Seams;
  readonly trace?: Trace;
}

/** A violation that ends the run at once. */
class Broken extends Error {}

/** Carries out a plan: the storm, then the calm in which all must converge and serve, then the last look. */
export class Run {
  readonly cluster: SimulatedCluster;
  readonly clients: readonly SimClient[];
  readonly history: Recorder;
  readonly zab = new ZabRecorder();
  readonly #digests = new DigestRecorder();
  readonly #plan: Plan;
  readonly #hash = new TraceHash();
  readonly #violations: string[] = [];
  #events = 0;
  #elections = 0;

  constructor(plan: Plan, { seams, trace }: RunSeams = {}) {
    this.#plan = plan;
    const { options } = plan;
    const { voters, observers, committedCount, snapCount, networkMs, diskMs, slowPercent } = options;
    // Fine enough that no two things happen at once.
    this.history = new Recorder(() => this.#events);
    this.cluster = new SimulatedCluster({
      voters,
      observers,
      ...(options.groups === null ? {} : { groups: options.groups }),
      rng: new Rng(plan.seed ^ 0x5eed),
      committedCount,
      networkMs: (rng) => rng.below(rng.chance(slowPercent) ? networkMs : 3),
      diskMs: (rng) => rng.below(rng.chance(slowPercent) ? diskMs : 3),
      config: {
        tickTimeMs: TICK_MS,
        minSessionTimeoutMs: 1_000,
        snapCount,
        containerCheckIntervalMs: 2_000,
        preAllocSizeBytes: 4096,
      },
      trace: (event) => {
        this.zab.trace(event);
        this.#hash.add(event, this.cluster?.time.nowMs ?? 0);
        if (event.kind === 'role' && event.mode === 'leader' && event.serves) this.#elections++;
        trace?.(event);
      },
      ...(seams === undefined ? {} : { seams }),
    });
    this.clients = Array.from(
      { length: options.clients },
      (_, i) => new SimClient(i, this.cluster, this.history, options),
    );
    for (const step of plan.steps) {
      this.cluster.time.at(START_MS + step.atMs, () => performStep(step, this.cluster, this.clients));
    }
  }

  go(): RunResult {
    try {
      this.#prepare();
      this.#until('the storm is over', () => this.cluster.time.nowMs > START_MS + this.#plan.options.stormMs);
      this.#calm();
    } catch (error) {
      const text = error instanceof Broken ? error.message : `threw: ${(error as Error).stack}`;
      this.#violations.push(text);
    }
    this.#judge();
    return {
      violations: this.#violations,
      traceHash: this.#hash.digest(),
      transactions: this.zab.deliveredCount,
      acknowledged: this.history.operations.filter(({ outcome }) => outcome.kind === 'ok').length,
      elections: this.#elections,
    };
  }

  #step(): void {
    this.cluster.step();
    this.#events++;
    for (const client of this.clients) client.poll();
    for (const member of this.cluster.members) {
      const why = this.#digests.look(member);
      if (why !== null) throw new Broken(`Digests: ${why}`);
    }
  }

  #until(what: string, isSo: () => boolean, limitMs = Infinity): void {
    const { time } = this.cluster;
    const endMs = time.nowMs + limitMs;
    while (!isSo()) {
      if (time.nowMs > endMs || this.#events > EVENTS_MAX) {
        throw new Broken(`not ${what} within ${limitMs} ms: ${this.cluster.describe()}`);
      }
      this.#step();
    }
  }

  /** The nodes under which everything happens, if anybody is there to make them. */
  #prepare(): void {
    const [client] = this.clients;
    const { time } = this.cluster;
    const paths = ['/a', '/b', '/t'];
    while (time.nowMs < START_MS + 1_000 && paths.length > 0) {
      this.#step();
      if (client!.isIdle)
        client!.ask({ type: 'create', path: paths.shift()!, ephemeral: false, sequential: false });
    }
  }

  // -- Calm ------------------------------------------------------------------------------------------------------------------

  #calm(): void {
    const { cluster, clients } = this;
    cluster.heal();
    for (const member of cluster.members) {
      member.crashAtChange(Number.POSITIVE_INFINITY);
      member.disk.setSlow(false);
      member.machine.resume();
      member.machine.drift(1);
      if (!member.isUp) member.start();
    }
    const isCalm = (): boolean => cluster.areAllServing && clients.every(({ isIdle }) => isIdle);
    this.#until('all serving', isCalm, CALM_MS);
    // What was slow arrives late, and holds up what was sent after it.
    const quietMs = cluster.time.nowMs + LATE_MS;
    this.#until('quiet', () => cluster.time.nowMs > quietMs);
    this.#until('all serving', isCalm, CALM_MS);
    const expired = clients.map((client) => client.expired);
    for (const [i, client] of clients.entries()) {
      client.ask({ type: 'create', path: `/calm-${i}`, ephemeral: true, sequential: false });
      client.ask({ type: 'set', path: '/a', isVersioned: false });
      client.ask({ type: 'sync', path: '/' });
      client.ask({ type: 'children', path: '/a', watch: false });
    }
    // Sessions that nobody uses any more end.
    const endMs = cluster.time.nowMs + this.#plan.options.sessionTimeoutMs + 10 * TICK_MS;
    this.#until('over', () => cluster.time.nowMs > endMs);
    this.#until('equal', () => this.#isEqual(), CALM_MS);
    for (const [i, client] of clients.entries()) {
      if (client.expired > expired[i]!)
        throw new Broken(`Sessions: client ${i} lost its session in the calm`);
    }
    this.#lastLook();
  }

  #isEqual(): boolean {
    const { members, leader } = this.cluster;
    if (leader === undefined || !this.clients.every(({ isIdle }) => isIdle)) return false;
    const { length } = this.zab.delivered;
    return members.every(({ id, isServing }) => isServing && this.zab.appliedBy(id).length === length);
  }

  #lastLook(): void {
    const { members } = this.cluster;
    const [first] = members;
    const reference = comparable(first!.tree);
    for (const { id, tree } of members) {
      this.history.trees.set(`server ${id}`, seenIn(tree));
      if (comparable(tree) !== reference) {
        const where = difference(reference, comparable(tree));
        this.#violations.push(`Digests: the trees of servers ${first!.id} and ${id} differ: ${where}`);
      }
    }
  }

  #judge(): void {
    this.#violations.push(...this.zab.contradictions, ...checkZab(this.zab));
    for (const { id, failures } of this.cluster.members) {
      for (const { message } of failures)
        this.#violations.push(`the disk of server ${id} failed: ${message}`);
    }
    const changes = this.zab.delivered.flatMap((transaction) => changesOf(this.zab.bytesOf(transaction)));
    const journals = this.clients.flatMap((client) => client.journals);
    this.#violations.push(...checkWatches(journals, changes).map((why) => `Watches: ${why}`));
    this.#violations.push(...checkSyncs(this.history).map((why) => `Syncs: ${why}`));
    if (this.history.trees.size === this.cluster.members.length) {
      this.#violations.push(...checkHistory(this.history));
    }
  }
}
