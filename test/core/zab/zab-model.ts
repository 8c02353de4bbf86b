import { epochOf, makeZxid } from '../../../wire/ids.ts';
import type { Rng } from '../../kit/seed.ts';

/** A server reduced to what outlives its roles. */
export interface ModelServer {
  history: number[];
  currentEpoch: number;
  /** The last transaction, or the start of the epoch in which it was brought up to date. */
  lastZxid: number;
}

/** A leader as those see it that it brings up to date. */
export interface ModelLeader {
  /** What is committed, oldest first. */
  readonly history: readonly number[];
  readonly lastProcessedZxid: number;
}

export function epochStart(zxid: number): number {
  return makeZxid(epochOf(zxid), 0);
}

/**
 * Zab without links and time: epoch by epoch a leader is chosen from a quorum, a part of the quorum takes over its history, and if
 * that was a quorum it proposes, with each proposal reaching any of those that follow. So servers get the histories that
 * real ones may have, and no others.
 */
export class ZabModel {
  readonly #rng: Rng;
  readonly #servers: ModelServer[];
  #epoch = 0;

  constructor(rng: Rng) {
    this.#rng = rng;
    const count = rng.pick([3, 5]);
    this.#servers = Array.from({ length: count }, () => ({ history: [], currentEpoch: 0, lastZxid: 0 }));
  }

  /** `sync` is asked about every server, at each moment at which it could meet this epoch's leader. */
  runEpoch(sync: (leader: ModelLeader, peer: ModelServer) => void): void {
    this.#epoch += this.#rng.between(1, 2);
    const leader = this.#elect();
    const { history } = leader;
    const askAll = (committed: number) => {
      const view = {
        history: history.slice(0, committed),
        lastProcessedZxid: this.#lastProcessed(history.slice(0, committed)),
      };
      for (const peer of this.#servers) if (peer !== leader) sync(view, peer);
    };
    for (const peer of this.#servers) {
      if (peer !== leader) sync({ history: [...history], lastProcessedZxid: leader.lastZxid }, peer);
    }
    leader.currentEpoch = this.#epoch;
    const followers = this.#servers.filter((server) => server !== leader && this.#rng.chance(70));
    for (const follower of followers) this.#takeOver(follower, leader, leader.lastZxid);
    if (2 * (followers.length + 1) <= this.#servers.length) return;
    leader.lastZxid = makeZxid(this.#epoch, 0);
    askAll(history.length);
    if (this.#rng.chance(30)) for (const late of followers) this.#takeOver(late, leader, leader.lastZxid);
    if (this.#rng.chance(20)) return;
    this.#broadcast(leader, followers, askAll);
  }

  #lastProcessed(committed: readonly number[]): number {
    return Math.max(committed.at(-1) ?? 0, makeZxid(this.#epoch, 0));
  }

  #elect(): ModelServer {
    const shuffled = [...this.#servers];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.#rng.below(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j] as ModelServer, shuffled[i] as ModelServer];
    }
    const quorum = shuffled.slice(0, Math.floor(shuffled.length / 2) + 1);
    return quorum.reduce((best, server) => (isAhead(server, best) ? server : best));
  }

  #takeOver(follower: ModelServer, leader: ModelServer, lastZxid: number): void {
    follower.history = [...leader.history];
    follower.currentEpoch = this.#epoch;
    follower.lastZxid = lastZxid;
  }

  #broadcast(leader: ModelServer, followers: ModelServer[], askAll: (committed: number) => void): void {
    const first = leader.history.length;
    const quorum = Math.floor(this.#servers.length / 2) + 1;
    for (let counter = 1, last = this.#rng.between(1, 6); counter <= last; counter++) {
      append(leader, makeZxid(this.#epoch, counter));
      for (const follower of followers) {
        const next = leader.history[follower.history.length];
        if (next !== undefined && this.#rng.chance(60)) append(follower, next);
      }
      const lengths = [leader, ...followers].map((server) => server.history.length).sort((a, b) => b - a);
      askAll(Math.max(first, lengths[quorum - 1] as number));
    }
  }
}

function append(server: ModelServer, zxid: number): void {
  server.history.push(zxid);
  server.lastZxid = zxid;
}

function isAhead(one: ModelServer, other: ModelServer): boolean {
  if (one.currentEpoch !== other.currentEpoch) return one.currentEpoch > other.currentEpoch;
  return one.lastZxid > other.lastZxid;
}
