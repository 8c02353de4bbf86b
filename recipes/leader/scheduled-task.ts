import type { Acl, OperationOptions, ZooKeeperClient } from '../../client/index.ts';
import { ClosedError, ConnectionLossError, SessionExpiredError } from '../../client/index.ts';
import { callListener } from '../../client/listeners.ts';
import { childPath } from '../../wire/path.ts';
import type { Lease } from '../lock/lease.ts';
import { recipePath } from '../paths.ts';
import { type DueTimes, dueTimes, type Schedule } from './due-times.ts';
import { Election, pause } from './election.ts';
import { type ElectionParticipant, participants } from './participants.ts';
import { type CatchUp, type Guarantee, planRun } from './plan.ts';
import { RecordNode, type RunRecord, type RunState, type VersionedRecord } from './run-record.ts';
import type { Term } from './term.ts';

/** One call of a scheduled function. */
export interface ScheduledRun {
  /** When it was due: milliseconds since 1970. */
  readonly dueMs: number;
  /** 1, and one more each time that it is repeated. */
  readonly attempt: number;
  /** The leadership that it runs under. */
  readonly lease: Lease;
  /** The lease's signal: aborts when another process may lead, and when the task is closed. */
  readonly signal: AbortSignal;
}

export interface ScheduledLeaderTaskOptions extends OperationOptions {
  /** When the job is due. All processes have to say the same. */
  readonly schedule: Schedule;
  /** The job. */
  readonly run: (run: ScheduledRun) => Promise<void> | void;
  /**
   * What becomes of a run whose end was not recorded, because its process died, lost its leadership, or (at least once) the function
   * threw: `at-most-once` never repeats it, `at-least-once` repeats it until the function has returned. Default `at-least-once`.
   */
  readonly guarantee?: Guarantee | undefined;
  /**
   * What becomes of runs that were due while nobody led or while an earlier one still went on: `none` leaves them out, `last` makes up
   * for the last one, `all` for every one in order. Default `last`.
   */
  readonly catchUp?: CatchUp | undefined;
  /** How long to wait before a function that has thrown is called again (at least once). Default 10,000. */
  readonly retryMs?: number | undefined;
  /** What this process calls itself. Default empty. */
  readonly id?: string | undefined;
  /** What the function throws, or writing the record or standing for election fails with. Without it these become unhandled rejections, which end the process. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** ACL of the nodes, also of directories that are made for them. Default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
}

const MARKER = 'latch-';
/** The wall clock may be set: nobody sleeps longer without a look at it. */
const SLEEP_MS_MAX = 60_000;
const RETRY_MS = 10_000;

/**
 * A job that runs on exactly one of the processes that started it, whenever it is due.
 *
 * The latest run is recorded in `<path>/record` when it begins and when it has ended, by a write that only the leader (of the
 * election in `<path>/leader`) can do. A new leader goes on from there, so that it neither leaves out nor repeats a run, beyond what
 * `guarantee` and `catchUp` say.
 *
 * Not promised: that a run which lost its leadership has ended before the next one begins elsewhere (its signal has aborted; give
 * the token of its lease to what it writes to), nor runs at the very moment: clocks of different machines are as far apart as they are.
 */
export class ScheduledLeaderTask implements AsyncDisposable {
  readonly path: string;
  readonly id: string;
  readonly #client: ZooKeeperClient;
  readonly #options: ScheduledLeaderTaskOptions;
  readonly #times: DueTimes;
  readonly #record: RecordNode;
  #election: Election | null = null;
  #term: Term | null = null;
  /** The attempt whose beginning was recorded and that then could not begin, because the leadership was in doubt. */
  #unstarted: string | null = null;
  /** No attempt before, in monotonic milliseconds. */
  #retryAtMs = 0;

  private constructor(client: ZooKeeperClient, path: string, options: ScheduledLeaderTaskOptions) {
    this.path = path;
    this.id = options.id ?? '';
    this.#client = client;
    this.#options = options;
    this.#times = dueTimes(options.schedule);
    this.#record = new RecordNode(client, childPath(path, 'record'));
  }

  /**
   * Resolves when this process stands for election. `signal` bounds that, not the task. Rejects with `TypeError` or `RangeError` for
   * arguments that are not valid; rejects with whatever a create may end with, and then nothing is left behind.
   */
  static async start(
    client: ZooKeeperClient,
    path: string,
    options: ScheduledLeaderTaskOptions,
  ): Promise<ScheduledLeaderTask> {
    check(path, options);
    const task = new ScheduledLeaderTask(client, recipePath('scheduled task', path), options);
    const { acl, signal } = options;
    await client.ensurePath(path, { mode: 'persistent', acl, signal });
    const settings = {
      line: { directory: task.#leaderPath, marker: MARKER, data: task.id, acl },
      policy: 'standard' as const,
      serve: (term: Term) => task.#serve(term),
      ended: (error: Error | null, client: boolean) => {
        if (error !== null && !client) task.#report(error);
      },
    };
    task.#election = await Election.start(client, settings, signal);
    return task;
  }

  /** Whether this process would run the job now, by the clock. */
  get hasLeadership(): boolean {
    return this.#term?.held ?? false;
  }

  /** The latest run of all processes, null before the first leader has looked at the clock. */
  async lastRun(options?: OperationOptions): Promise<RunRecord | null> {
    return (await this.#record.read(options?.signal))?.record ?? null;
  }

  /** The processes that stand ready, the one whose turn it is first. */
  participants(options?: OperationOptions): Promise<ElectionParticipant[]> {
    return participants(this.#client, this.#leaderPath, MARKER, options?.signal);
  }

  /** Aborts a run that goes on and waits for its end, then leaves. So do not wait for it within the function. Idempotent. */
  close(): Promise<void> {
    return this.#election!.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #leaderPath(): string {
    return childPath(this.path, 'leader');
  }

  async #serve(term: Term): Promise<void> {
    this.#term = term;
    this.#retryAtMs = 0;
    let readySinceMs = this.#client.ports.wallMs();
    while (!term.signal.aborted) {
      try {
        const delayMs = await this.#step(term, readySinceMs);
        if (delayMs === null) readySinceMs = this.#client.ports.wallMs();
        else await pause(this.#client, Math.min(Math.max(1, delayMs), SLEEP_MS_MAX), term.signal);
      } catch (error) {
        if (error instanceof SessionExpiredError || error instanceof ClosedError) break;
        if (error instanceof ConnectionLossError || error === term.signal.reason) continue;
        this.#report(error);
        this.#retryLater();
      }
    }
    this.#term = null;
  }

  /** Runs what is due: null. If nothing is, the answer is how long that lasts, in milliseconds. */
  async #step(term: Term, readySinceMs: number): Promise<number | null> {
    const { guarantee = 'at-least-once', catchUp = 'last' } = this.#options;
    const restMs = this.#retryAtMs - this.#client.ports.monotonicMs();
    if (restMs > 0) return restMs;
    const latest = await this.#latest(term);
    if (latest === null) return 0;
    const { record } = latest;
    const nowMs = this.#client.ports.wallMs();
    const unstarted = record.run === this.#unstarted;
    const plan = planRun(this.#times, { record, nowMs, readySinceMs, guarantee, catchUp, unstarted });
    if (plan.kind === 'wait') return plan.untilMs === null ? SLEEP_MS_MAX : plan.untilMs - nowMs;
    const { dueMs, attempt } = plan;
    const begun = await this.#write(term, { dueMs, attempt, state: 'begun' }, latest.version);
    if (begun === null) return 0;
    this.#unstarted = begun.record.run;
    // What was recorded in doubt begins when the doubt is over, if nobody else led meanwhile.
    if (!term.held) return 0;
    this.#unstarted = null;
    return this.#run(term, begun, guarantee);
  }

  async #run(term: Term, { record, version }: VersionedRecord, guarantee: Guarantee): Promise<number | null> {
    const { dueMs, attempt } = record;
    const { run } = this.#options;
    let state: RunState = 'ended';
    try {
      await run({ dueMs, attempt, lease: term, signal: term.signal });
    } catch (error) {
      const { signal } = term;
      if (!(signal.aborted && error === signal.reason)) this.#report(error);
      if (guarantee === 'at-least-once') {
        this.#retryLater();
        return 0;
      }
      state = 'failed';
    }
    // Also when the term has ended meanwhile: as long as its node is there nobody else has led.
    await this.#write(term, { dueMs, attempt, state, run: record.run }, version);
    return null;
  }

  /** The latest record; without any, the times are counted from now. Null if this process does not lead any more. */
  async #latest(term: Term): Promise<VersionedRecord | null> {
    const found = await this.#record.read(term.signal);
    if (found !== null) return found;
    return this.#write(term, { dueMs: this.#client.ports.wallMs(), attempt: 0, state: 'none' }, null);
  }

  #write(
    term: Term,
    what: Pick<RunRecord, 'dueMs' | 'attempt' | 'state'> & { readonly run?: string },
    version: number | null,
  ): Promise<VersionedRecord | null> {
    const { ports } = this.#client;
    const record = {
      run: ports.uuid(),
      ...what,
      dueMs: Math.floor(what.dueMs),
      by: this.id,
      atMs: Math.round(ports.wallMs()),
      fencingToken: term.fencingToken,
    };
    return this.#record.write(term, record, version, this.#options.acl);
  }

  #retryLater(): void {
    this.#retryAtMs = this.#client.ports.monotonicMs() + (this.#options.retryMs ?? RETRY_MS);
  }

  #report(error: unknown): void {
    const { onError } = this.#options;
    if (onError !== undefined) callListener(onError, error);
    else void Promise.reject(error);
  }
}

function check(path: string, options: ScheduledLeaderTaskOptions): void {
  const wrong = (what: string) => new TypeError(`scheduled task ${path}: ${what}`);
  if (typeof options?.run !== 'function') throw wrong('run must be a function');
  const { guarantee = 'at-least-once', catchUp = 'last', retryMs = RETRY_MS } = options;
  if (!['at-most-once', 'at-least-once'].includes(guarantee)) throw wrong(`no guarantee ${guarantee}`);
  if (!['none', 'last', 'all'].includes(catchUp)) throw wrong(`no catchUp ${catchUp}`);
  if (!(retryMs >= 0)) throw new RangeError(`retryMs must be 0 or more, not ${retryMs}`);
}
