import {
  type Acl,
  type Codec,
  json,
  type OperationOptions,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { callListener } from '../../client/listeners.ts';
import { childPath } from '../../wire/path.ts';
import { Election } from '../leader/election.ts';
import type { Term } from '../leader/term.ts';
import { recipePath } from '../paths.ts';
import { Asker, type CommitOutcome, type WaitFor } from './asker.ts';
import { Coordination } from './coordinator.ts';
import { type Following, followTransactions } from './follow.ts';
import { Participation, type ThreePhaseHandlers } from './participant.ts';

/** What TwoPhaseCommit and ThreePhaseCommit are started with. */
export interface CommitOptions<T, H> extends OperationOptions {
  /** The part that this process takes; left out, it only begins transactions and coordinates them. */
  readonly participant?: (H & { readonly id: string }) | undefined;
  /** What payloads look like in the tree. Default JSON without a schema. */
  readonly codec?: Codec<T> | undefined;
  /** How long to wait before work that has failed is done again. Default 1,000. */
  readonly retryMs?: number | undefined;
  /**
   * What `commit` and `rollback` throw before they are called again, or coordinating and standing for
   * election fail with. Without it these become unhandled
   * rejections, which end the process.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** ACL of the nodes, also of directories that are made for them. Default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
}

export interface RunOptions extends OperationOptions {
  /** Who takes part. Each of them is waited for, whether or not it runs at the moment. */
  readonly participants: readonly string[];
  /**
   * How long the votes may take (and with three phases then the confirmations), counted by whoever coordinates; then it is rolled
   * back. A coordinator that takes over begins to count anew. Infinity: never. Default 30,000.
   */
  readonly voteTimeoutMs?: number | undefined;
  /** Until when to wait. Default `decision`. */
  readonly waitFor?: WaitFor | undefined;
  /** Name of the transaction: a node name that was never used before. Default a random UUID. */
  readonly id?: string | undefined;
}

const RETRY_MS = 1_000;
const VOTE_TIMEOUT_MS = 30_000;

/**
 * Work that all of several processes do or none of them, written down so that whoever dies, the others come to its end.
 *
 * Invariants, kept by the server: a participant's vote and the decision are created once and never changed; a decision to commit is
 * created in one transaction with a look at the vote of each participant; only the process that holds a participant's part votes for
 * it. A participant carries out a decision that is written, and nothing else.
 */
export class AtomicCommit<T> implements AsyncDisposable {
  readonly path: string;
  readonly #client: ZooKeeperClient;
  readonly #phases: 2 | 3;
  readonly #options: CommitOptions<T, ThreePhaseHandlers<T>>;
  readonly #codec: Codec<T>;
  readonly #elections: Election[] = [];

  /** @internal */
  protected constructor(
    client: ZooKeeperClient,
    path: string,
    phases: 2 | 3,
    options: CommitOptions<T, ThreePhaseHandlers<T>>,
  ) {
    this.path = recipePath('transactions', path);
    this.#client = client;
    this.#phases = phases;
    this.#options = options;
    this.#codec = options.codec ?? (json() as Codec<T>);
    const { participant, retryMs = RETRY_MS } = options;
    if (!(retryMs >= 0)) throw new RangeError(`retryMs must be 0 or more, not ${retryMs}`);
    if (participant === undefined) return;
    checkName(participant.id);
    for (const name of ['prepare', 'commit', 'rollback'] as const) {
      if (typeof participant[name] !== 'function') {
        throw new TypeError(`participant ${participant.id}: ${name} must be a function`);
      }
    }
  }

  /** @internal Stands for both elections. */
  protected async open(): Promise<void> {
    const { acl, signal, participant } = this.#options;
    await this.#client.ensurePath(this.#directory, { acl, signal });
    try {
      await this.#stand(childPath(this.path, 'coordinator'), (term) => this.#coordinate(term));
      if (participant === undefined) return;
      await this.#client.ensurePath(childPath(this.path, 'participants'), { acl, signal });
      const own = childPath(childPath(this.path, 'participants'), participant.id);
      await this.#stand(own, (term) => this.#participate(term));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * Begins a transaction and waits for its outcome. Once it is begun it goes on without the caller: `signal` ends the waiting only,
   * and whoever takes over coordinating brings it to its end.
   *
   * Rejects with `NodeExistsError` if there is a transaction of that id, with what encoding the payload fails with, and like any write
   * if the session ends before it is known to have begun; `outcome` tells then what became of the id. If the session ends later, the
   * waiting goes on in the next one, and rejects with `OutcomeUnknownError` if all was over and removed meanwhile.
   */
  async run(payload: T, options: RunOptions): Promise<CommitOutcome> {
    const { participants, voteTimeoutMs = VOTE_TIMEOUT_MS, waitFor = 'decision', signal } = options;
    if (participants.length === 0) throw new TypeError('participants: a transaction needs at least one');
    if (new Set(participants).size < participants.length)
      throw new TypeError('participants: one is there twice');
    for (const each of participants) checkName(each);
    if (!(voteTimeoutMs >= 0)) throw new RangeError(`voteTimeoutMs must be 0 or more, not ${voteTimeoutMs}`);
    const id = options.id ?? this.#client.ports.uuid();
    checkName(id);
    const asker = new Asker(this.#client, this.#directory, id, this.#options.acl, signal);
    const about = { phases: this.#phases, participants, voteTimeoutMs };
    await asker.begin(about, await this.#codec.encode(payload));
    return asker.outcome(waitFor);
  }

  /** The outcome of a transaction that was begun, by whomever; `OutcomeUnknownError` if nothing is written about it any more. */
  outcome(
    id: string,
    options: OperationOptions & { readonly waitFor?: WaitFor } = {},
  ): Promise<CommitOutcome> {
    checkName(id);
    const { waitFor = 'decision', signal } = options;
    return new Asker(this.#client, this.#directory, id, this.#options.acl, signal).outcome(waitFor);
  }

  /** Names of the transactions that are not over everywhere, or whose outcome somebody still wants to read. */
  underWay(options?: OperationOptions): Promise<string[]> {
    return this.#client.children(this.#directory, options);
  }

  /** Leaves: waits for handlers that run, whose signal has aborted; others take over. Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.#elections.map((election) => election.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #directory(): string {
    return childPath(this.path, 'transactions');
  }

  async #stand(directory: string, serve: (term: Term) => Promise<void>): Promise<void> {
    const { acl, signal, participant } = this.#options;
    const line = { directory, marker: 'latch-', data: participant?.id ?? '', acl };
    const ended = (error: Error | null, client: boolean): void => {
      if (error !== null && !client) this.#report(error);
    };
    const settings = { line, policy: 'standard' as const, serve, ended };
    this.#elections.push(await Election.start(this.#client, settings, signal));
  }

  #coordinate(term: Term): Promise<void> {
    const { acl } = this.#options;
    return followTransactions(this.#following(term), (id) =>
      new Coordination(this.#client, childPath(this.#directory, id), acl, term.signal).run(),
    );
  }

  #participate(term: Term): Promise<void> {
    const following = this.#following(term);
    const { participant, acl } = this.#options;
    const { retryMs, report } = following;
    const settings = {
      id: participant!.id,
      handlers: participant!,
      codec: this.#codec,
      acl,
      retryMs,
      report,
    };
    return followTransactions(following, (id) =>
      new Participation(this.#client, this.#directory, id, settings, term).run(),
    );
  }

  #following(term: Term): Following {
    const { retryMs = RETRY_MS } = this.#options;
    return {
      client: this.#client,
      directory: this.#directory,
      signal: term.signal,
      retryMs,
      report: (error) => this.#report(error),
    };
  }

  #report(error: unknown): void {
    const { onError } = this.#options;
    if (onError !== undefined) callListener(onError, error);
    else void Promise.reject(error);
  }
}

/** Names become parts of node names. */
function checkName(name: string): void {
  if (typeof name !== 'string' || name === '' || name.includes('/')) {
    throw new TypeError(`${JSON.stringify(name)} cannot be the name of a node`);
  }
  recipePath('transactions', `/${name}`);
}
