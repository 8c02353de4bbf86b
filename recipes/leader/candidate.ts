import { onAbort } from '../../client/aborts.ts';
import {
  type Acl,
  ClosedError,
  type Data,
  NoNodeError,
  SessionExpiredError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { childPath, nameOf } from '../../wire/path.ts';
import { decideLock } from '../lock/decide.ts';
import { OwnNode } from '../lock/own-node.ts';
import { refuseExhausted } from '../sequence.ts';
import { whileSession } from '../session-end.ts';
import { until } from '../until.ts';
import { untilWritable } from '../writable.ts';

/** Where candidates stand in line. */
export interface Line {
  /** Made of containers where it does not exist. */
  readonly directory: string;
  /** What stands before the sequence number in the names of nodes. */
  readonly marker: string;
  readonly data: Data;
  readonly acl: readonly Acl[] | undefined;
}

const ownGone = Symbol('our node is gone');

/**
 * One node in the line, from its creation until it is withdrawn or gone. It keeps its place when connections break, and counts only
 * in the session that made it.
 */
export class Candidate {
  readonly path: string;
  /** Zxid of the node's creation, which only grows along the line. */
  readonly czxid: number;
  readonly sessionId: bigint;
  /** Called when somebody deletes the node. */
  onDeleted: () => void = () => {};
  /** Called when the node is about to be given up, by whomever. */
  onWithdrawn: () => void = () => {};
  readonly #client: ZooKeeperClient;
  readonly #line: Line;
  readonly #own: OwnNode;
  #wake: () => void = () => {};
  #withdrawn: Promise<void> | null = null;

  private constructor(client: ZooKeeperClient, line: Line, path: string, czxid: number, sessionId: bigint) {
    this.#client = client;
    this.#line = line;
    this.path = path;
    this.czxid = czxid;
    this.sessionId = sessionId;
    this.#own = new OwnNode(client, path);
    this.#own.onDeleted = () => {
      this.#wake();
      this.onDeleted();
    };
  }

  /** Goes to the end of the line. Rejects as a create does and with `SequenceExhaustedError`, leaving no node behind. */
  static async stand(
    client: ZooKeeperClient,
    line: Line,
    signal: AbortSignal | undefined,
  ): Promise<Candidate> {
    const { path, stat } = await client.create(childPath(line.directory, line.marker), line.data, {
      mode: 'ephemeral-sequential',
      protected: true,
      parents: 'container',
      acl: line.acl,
      signal,
    });
    refuseExhausted(client, path, line.marker);
    const candidate = new Candidate(client, line, path, stat.czxid, stat.ephemeralOwner);
    if (signal?.aborted !== true) return candidate;
    // Given up when the answer was here already: nobody would withdraw it.
    candidate.withdraw().catch(() => {});
    throw signal.reason;
  }

  /** Whether the node is surely not in the line any more. */
  get gone(): boolean {
    return this.#withdrawn !== null || this.#own.deleted || this.#client.sessionId !== this.sessionId;
  }

  /**
   * Waits until the node is the first in line: true. False when it is gone instead. Asked again after a doubt, it tells whether the
   * node is still the first, from what a server answered since.
   */
  async untilFirst(signal: AbortSignal): Promise<boolean> {
    const { directory, marker } = this.#line;
    for (;;) {
      await untilWritable(this.#client, signal);
      if (this.gone) return false;
      const names = await this.#client.children(directory, { signal }).catch((error: unknown) => {
        if (error instanceof NoNodeError) return [];
        throw error;
      });
      // What a later session reads says nothing about a node of an earlier one, which is about to vanish.
      if (this.gone) return false;
      const decision = decideLock(names, nameOf(this.path), marker);
      if (decision.kind === 'held') return true;
      if (decision.kind === 'gone') return false;
      await this.#untilGone(childPath(directory, decision.on), signal);
    }
  }

  /** Deletes the node, however often the connection breaks. Resolves when it is gone, or its session is lost. Idempotent. */
  withdraw(): Promise<void> {
    if (this.#withdrawn === null) this.onWithdrawn();
    this.#withdrawn ??= this.#delete();
    return this.#withdrawn;
  }

  /** Waits until the node before ours is gone, or ours is. */
  async #untilGone(path: string, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const release = onAbort(signal, () => stop.abort(signal.reason));
    signal.throwIfAborted();
    this.#wake = () => stop.abort(ownGone);
    if (this.#own.deleted) this.#wake();
    try {
      await until(
        // Reading data rather than asking for existence leaves no watch behind when the node has just gone.
        (options) =>
          this.#client.get(path, options).catch((error: unknown) => {
            if (error instanceof NoNodeError) return null;
            throw error;
          }),
        (node) => (node === null || this.gone ? true : undefined),
        stop.signal,
      );
    } catch (error) {
      if (error !== ownGone) throw error;
    } finally {
      this.#wake = () => {};
      release();
    }
  }

  async #delete(): Promise<void> {
    // Off the server first, in the same write: it then notifies the next in line and nobody else.
    this.#own.stop();
    if (this.#own.deleted) return;
    try {
      // Also in another session: the servers may not have heard yet that ours is over, and all wait behind its node.
      await whileSession(this.#client, this.#client.delete(this.path, { guaranteed: true }));
    } catch (error) {
      const gone =
        error instanceof NoNodeError || error instanceof SessionExpiredError || error instanceof ClosedError;
      if (!gone) throw error;
    }
  }
}
