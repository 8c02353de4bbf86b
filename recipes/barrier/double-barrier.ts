import { onAbort } from '../../client/aborts.ts';
import { type Acl, NoNodeError, type ZooKeeperClient } from '../../client/index.ts';
import { childPath } from '../../wire/path.ts';
import { WaitTimeoutError } from '../errors.ts';
import { recipePath } from '../paths.ts';
import { patiently, type WaitOptions, wouldWait } from '../patience.ts';
import { repeatedly } from '../repeat.ts';
import type { BarrierOptions } from './barrier.ts';
import { decideEnter, decideLeave, READY } from './decide.ts';
import { Member } from './member.ts';
import { Ready } from './ready.ts';
import { untilGone } from './until-gone.ts';

/**
 * Members who begin together and end together: Curator's recipe of the same name, with the same nodes (`<path>/<uuid>` of each
 * member, ephemeral, and `<path>/ready`). `enter` waits until `memberCount` members are there, `leave` until all have left; one that
 * dies has left. The count is a threshold, not a limit: more may enter.
 *
 * Each instance is one member, as often as it likes, one round after the other.
 */
export class DistributedDoubleBarrier {
  readonly path: string;
  readonly memberCount: number;
  readonly #client: ZooKeeperClient;
  readonly #acl: readonly Acl[] | undefined;
  readonly #ready: Ready;
  #phase: 'outside' | 'entering' | 'inside' | 'leaving' = 'outside';
  #member: Member | null = null;

  /** Throws `TypeError` if the path is not valid, `RangeError` if the count is no positive integer. Does nothing else. */
  constructor(client: ZooKeeperClient, path: string, memberCount: number, { acl }: BarrierOptions = {}) {
    this.path = recipePath('double barrier', path);
    if (!Number.isSafeInteger(memberCount) || memberCount <= 0) {
      throw new RangeError(`memberCount must be a positive integer, not ${memberCount}`);
    }
    this.memberCount = memberCount;
    this.#client = client;
    this.#acl = acl;
    this.#ready = new Ready(client, this.path, acl);
  }

  /**
   * Waits until so many members have entered. Lost connections do no harm; a node that somebody deletes is put back. Rejects with
   * `SessionExpiredError` if the session ends while waiting, with `WaitTimeoutError` or the signal's reason; this member is then
   * outside and its node deleted. Throws `Error` if this member is not outside.
   */
  async enter(options: WaitOptions = {}): Promise<void> {
    this.#move('outside', 'entering');
    const late = (timeoutMs: number) =>
      new WaitTimeoutError('not all members have entered', this.path, timeoutMs);
    try {
      await patiently(this.#client.ports, options, late, (signal, wait) => this.#enter(signal, wait));
      this.#phase = 'inside';
    } catch (error) {
      this.#phase = 'outside';
      throw error;
    }
  }

  /**
   * Leaves, and waits until all others have left or died, through lost connections and sessions. Rejects with `WaitTimeoutError` or the
   * signal's reason; this member has left then all the same. Throws `Error` if this member is not inside.
   */
  async leave(options: WaitOptions = {}): Promise<void> {
    this.#move('inside', 'leaving');
    const member = this.#member!;
    const late = (timeoutMs: number) =>
      new WaitTimeoutError('not all members have left', this.path, timeoutMs);
    try {
      await patiently(this.#client.ports, options, late, (signal, wait) => this.#leave(member, signal, wait));
    } catch (error) {
      // Goes on in the background, so that nobody waits for one who has given up.
      member.remove().catch(() => {});
      throw error;
    } finally {
      this.#member = null;
      this.#phase = 'outside';
    }
  }

  #move(from: 'outside' | 'inside', to: 'entering' | 'leaving'): void {
    if (this.#phase !== from) {
      throw new Error(
        `${this.path}: this member is ${this.#phase}, not ${from}; each member needs its own instance`,
      );
    }
    this.#phase = to;
  }

  async #enter(signal: AbortSignal, wait: boolean): Promise<void> {
    let sessionId: bigint | null = null;
    for (;;) {
      const member = await Member.create(this.#client, this.path, this.#acl, signal);
      try {
        // A node that vanished with its session, and not by somebody's hand, is not put back.
        sessionId ??= member.sessionId;
        if (member.sessionId !== sessionId) throw member.expired();
        for (let first = true; !member.node.deleted; first = false) {
          if (await this.#mayGoIn(member, first, signal)) {
            this.#member = member;
            return;
          }
          if (!wait) throw wouldWait;
          await this.#untilReadyOrChange(member, signal);
        }
        member.node.stop();
      } catch (error) {
        member.remove().catch(() => {});
        throw error;
      }
    }
  }

  async #mayGoIn(member: Member, first: boolean, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      const names = await this.#names(signal);
      // What a later session reads says nothing about a node of an earlier one, which is about to vanish.
      member.checkSession();
      // The notice of its deletion is on its way.
      if (!names.includes(member.name)) return false;
      const decision = decideEnter(names, this.memberCount);
      const leftOver = decision === 'entered' && first ? await this.#ready.leftOver(names, signal) : null;
      if (leftOver === null) {
        if (decision === 'open') await this.#ready.create(signal);
        return decision !== 'wait';
      }
      await this.#ready.remove(leftOver, signal);
    }
  }

  /** Resolves when there is reason to look again: `ready` is there, our node or our session is gone. */
  async #untilReadyOrChange(member: Member, signal: AbortSignal): Promise<void> {
    const watching = new AbortController();
    let release = (): void => {};
    try {
      await new Promise<void>((resolve, reject) => {
        release = onAbort(signal, () => reject(signal.reason));
        if (signal.aborted) reject(signal.reason);
        member.node.onDeleted = resolve;
        if (member.node.deleted) resolve();
        const options = { watch: () => resolve(), watchSignal: watching.signal, signal };
        repeatedly(() => this.#client.exists(this.#ready.path, options)).then((stat) => {
          // In a new session the watch says nothing of what happened in the one before.
          if (stat !== null || this.#client.sessionId !== member.sessionId) resolve();
        }, reject);
      });
    } finally {
      member.node.onDeleted = () => {};
      release();
      watching.abort();
    }
  }

  async #leave(member: Member, signal: AbortSignal, wait: boolean): Promise<void> {
    // While our node is there the barrier is open for our round.
    const begun = await Promise.all([this.#ready.czxid(signal), this.#names(signal)]);
    const ours = begun[1].includes(member.name) ? begun[0] : null;
    for (let names = begun[1]; ; names = await this.#names(signal)) {
      const decision = decideLeave(names, member.name);
      if (decision.kind === 'wait') {
        if (!decision.keepsOwn) await member.remove();
        await untilGone(this.#client, childPath(this.path, decision.on), signal, wait);
      } else if (names.includes(member.name) && names.includes(READY)) {
        member.node.stop();
        if (await this.#ready.removeWith(member.path, signal)) return;
      } else {
        await member.remove();
        // Should the one have died that was to be the last. By now members of another round may be there.
        if (ours !== null) await this.#ready.remove(ours, signal);
        return;
      }
    }
  }

  /** What is in the directory, which the server may have removed with its last member. */
  async #names(signal: AbortSignal): Promise<string[]> {
    try {
      return await repeatedly(() => this.#client.children(this.path, { signal }));
    } catch (error) {
      ifGone(error);
      return [];
    }
  }
}

function ifGone(error: unknown): void {
  if (!(error instanceof NoNodeError)) throw error;
}
