import type { ServerId } from '../../core/zab/quorum.ts';
import { readNotification } from '../../wire/notification.ts';
import type { Machine } from './machine.ts';
import { type Network, Stream } from './network.ts';
import type { Trace } from './trace.ts';

/** A server as its election connections need it. */
export interface Elector {
  readonly id: ServerId;
  readonly machine: Machine;
  readonly isObserver: boolean;
  /** The machine is there, though the process may not be: it answers that nobody listens. */
  readonly answers: boolean;
  voteReceived(from: ServerId, message: Buffer): void;
  peerConnected(peer: ServerId): void;
  peerGone(peer: ServerId): void;
}

const PAUSE_MIN_MS = 10;
const PAUSE_MAX_MS = 500;
/** How long a connection is tried for that gets no answer. */
const NO_ANSWER_MS = 5000;

/** One end: the newest message, and what its process has been told. */
interface End {
  life: number;
  newest: Buffer | null;
  isWaiting: boolean;
  sendCount: number;
  isGone: boolean;
}

const freshEnd = (life: number): End => ({
  life,
  newest: null,
  isWaiting: false,
  sendCount: 0,
  isGone: false,
});

/** The election connection between two servers: there whenever both are, with a queue of one in which the newest vote wins. */
class Pair {
  readonly #network: Network;
  readonly #trace: Trace;
  readonly #electors: readonly [Elector, Elector];
  readonly #ends = new Map<Elector, End>();
  readonly #pauseMs: (maxMs: number) => number;
  #stream: Stream | null = null;
  #backoffMs = PAUSE_MIN_MS;
  #unansweredSinceMs: number | null = null;
  #attempt: { cancel(): void } | null = null;

  constructor(
    network: Network,
    electors: readonly [Elector, Elector],
    pauseMs: (maxMs: number) => number,
    trace: Trace,
  ) {
    this.#network = network;
    this.#electors = electors;
    this.#pauseMs = pauseMs;
    this.#trace = trace;
  }

  #end(elector: Elector): End {
    let end = this.#ends.get(elector);
    if (end === undefined || end.life !== elector.machine.life) {
      end = freshEnd(elector.machine.life);
      this.#ends.set(elector, end);
    }
    return end;
  }

  #other(elector: Elector): Elector {
    return this.#electors[0] === elector ? this.#electors[1] : this.#electors[0];
  }

  /** A server has begun: whoever waits for the next attempt does not wait for long. */
  dialSoon(): void {
    this.#backoffMs = PAUSE_MIN_MS;
    this.#attempt?.cancel();
    this.#plan();
  }

  #plan(): void {
    const pauseMs = this.#pauseMs(this.#backoffMs);
    this.#backoffMs = Math.min(this.#backoffMs * 2, PAUSE_MAX_MS);
    this.#attempt = this.#network.agenda.after(pauseMs, () => this.#dial());
  }

  #dial(): void {
    this.#attempt = null;
    const [one, other] = this.#electors;
    const bothEnds = [one.machine, other.machine];
    if (bothEnds.some((machine) => this.#stream?.stands(machine) === true)) {
      if (this.#stream!.isOpen) return;
      this.#plan();
      return;
    }
    this.#stream = null;
    const isReachable = this.#network.isReachable(one.machine, other.machine);
    if (isReachable && one.machine.isUp && other.machine.isUp) {
      this.#connect();
      return;
    }
    const isAnswered = isReachable && one.answers && other.answers;
    const { nowMs } = this.#network.agenda;
    if (isAnswered) this.#unansweredSinceMs = null;
    else this.#unansweredSinceMs ??= nowMs;
    if (isAnswered || nowMs - this.#unansweredSinceMs! >= NO_ANSWER_MS) {
      for (const elector of this.#electors) this.#lost(elector);
    }
    if (one.machine.isUp || other.machine.isUp) this.#plan();
  }

  #lost(elector: Elector): void {
    const { machine } = elector;
    if (!machine.isUp) return;
    const end = this.#end(elector);
    if (end.isGone) return;
    end.isGone = true;
    machine.input(end.life, () => elector.peerGone(this.#other(elector).id));
  }

  #connect(): void {
    this.#unansweredSinceMs = null;
    this.#backoffMs = PAUSE_MIN_MS;
    const [one, other] = this.#electors;
    const stream = new Stream(this.#network, one.machine, other.machine, (machine) => {
      const elector = one.machine === machine ? one : other;
      const end = this.#end(elector);
      if (!end.isGone) {
        end.isGone = true;
        elector.peerGone(this.#other(elector).id);
      }
      if (this.#attempt === null) this.#plan();
    });
    this.#stream = stream;
    for (const elector of this.#electors) {
      const end = this.#end(elector);
      end.isWaiting = false;
      elector.machine.input(end.life, () => {
        end.isGone = false;
        const { sendCount } = end;
        elector.peerConnected(this.#other(elector).id);
        if (end.sendCount === sendCount && end.newest !== null) this.#depart(elector, end);
      });
    }
  }

  send(from: Elector, message: Buffer): void {
    const end = this.#end(from);
    end.newest = message;
    end.sendCount++;
    if (this.#stream?.stands(from.machine) !== true || end.isWaiting) return;
    this.#depart(from, end);
  }

  #depart(from: Elector, end: End): void {
    const stream = this.#stream!;
    const to = this.#other(from);
    end.isWaiting = true;
    from.machine.endOfTurn(() => {
      end.isWaiting = false;
      if (this.#stream !== stream) return;
      const message = end.newest!;
      stream.send(from.machine, () => {
        this.#trace({ kind: 'vote', from: from.id, to: to.id, notification: readNotification(message) });
        to.voteReceived(from.id, message);
      });
    });
  }

  cut(): void {
    this.#stream?.cut();
  }

  /** A process has died; where the other one is left, it is called again and again. */
  died(): void {
    if (this.#attempt === null) this.#plan();
  }
}

/** The connections over which servers elect a leader, one between each two of which one has a vote. */
export class ElectionWires {
  readonly #pairs = new Map<Elector, Map<Elector, Pair>>();

  constructor(
    electors: readonly Elector[],
    network: Network,
    pauseMs: (maxMs: number) => number,
    trace: Trace,
  ) {
    for (const elector of electors) this.#pairs.set(elector, new Map());
    for (const [i, one] of electors.entries()) {
      for (const other of electors.slice(i + 1)) {
        if (one.isObserver && other.isObserver) continue;
        const pair = new Pair(network, [one, other], pauseMs, trace);
        this.#pairs.get(one)!.set(other, pair);
        this.#pairs.get(other)!.set(one, pair);
      }
    }
  }

  send(from: Elector, to: Elector, message: Buffer): void {
    this.#pairs.get(from)?.get(to)?.send(from, message);
  }

  began(elector: Elector): void {
    for (const pair of this.#pairs.get(elector)!.values()) pair.dialSoon();
  }

  died(elector: Elector): void {
    for (const pair of this.#pairs.get(elector)!.values()) pair.died();
  }

  cut(one: Elector, other: Elector): void {
    this.#pairs.get(one)?.get(other)?.cut();
  }
}
