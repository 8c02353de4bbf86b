import type { Agenda } from './agenda.ts';
import type { Machine } from './machine.ts';

/** What becomes of what is under way where a way is blocked: it arrives after the block, or never, and the connection is dead. */
export type BlockMode = 'keep' | 'lose';

/** One direction of a connection. */
interface Way {
  readonly from: Machine;
  readonly to: Machine;
  readonly toLife: number;
  lastArrivalMs: number;
  /** What arrived while the way was blocked. */
  readonly held: (() => void)[];
  isLost: boolean;
}

/** The network between servers: delays and blocks of directed pairs, which may be one-way. */
export class Network {
  readonly agenda: Agenda;
  readonly streams = new Set<Stream>();
  readonly #blocks = new Map<Machine, Map<Machine, BlockMode>>();
  readonly #extraMs = new Map<Machine, Map<Machine, number>>();
  readonly #delayMs: () => number;
  readonly #mayReset: () => boolean;

  /** `delayMs` is drawn for each message; `mayReset`: whether the end of a connection overtakes what is under way. */
  constructor(agenda: Agenda, delayMs: () => number, mayReset: () => boolean) {
    this.agenda = agenda;
    this.#delayMs = delayMs;
    this.#mayReset = mayReset;
  }

  delayMs(from: Machine, to: Machine): number {
    return this.#delayMs() + (this.#extraMs.get(from)?.get(to) ?? 0);
  }

  mayReset(): boolean {
    return this.#mayReset();
  }

  /** What goes this way takes so much longer from now on. */
  slow(from: Machine, to: Machine, extraMs: number): void {
    entry(this.#extraMs, from).set(to, extraMs);
  }

  blocked(from: Machine, to: Machine): BlockMode | null {
    return this.#blocks.get(from)?.get(to) ?? null;
  }

  /** Whether a connection can be made: that takes both ways. */
  isReachable(one: Machine, other: Machine): boolean {
    return this.blocked(one, other) === null && this.blocked(other, one) === null;
  }

  block(from: Machine, to: Machine, mode: BlockMode): void {
    entry(this.#blocks, from).set(to, mode);
    if (mode === 'lose') for (const stream of this.streams) stream.lose(from, to);
  }

  unblock(from: Machine, to: Machine): void {
    if (this.#blocks.get(from)?.delete(to) !== true) return;
    for (const stream of [...this.streams]) stream.unblocked(from, to);
  }

  /** Every way is open and as fast as the others. */
  heal(): void {
    this.#extraMs.clear();
    for (const [from, tos] of this.#blocks) for (const to of [...tos.keys()]) this.unblock(from, to);
  }

  /** The process of a server has ended: the others hear of it, or do not if its machine is gone. */
  died(machine: Machine, isSilent: boolean): void {
    for (const stream of [...this.streams]) stream.died(machine, isSilent);
  }

  /** The machine is back, and knows nothing of its connections. */
  returned(machine: Machine): void {
    for (const stream of [...this.streams]) stream.returned(machine);
  }
}

function entry<V>(map: Map<Machine, Map<Machine, V>>, key: Machine): Map<Machine, V> {
  let inner = map.get(key);
  if (inner === undefined) {
    inner = new Map();
    map.set(key, inner);
  }
  return inner;
}

/** A connection between two processes: FIFO each way, and each end hears of its end at a time of its own. */
export class Stream {
  readonly #network: Network;
  readonly #ways: readonly [Way, Way];
  /** Who has not heard of the end, and is told by this. */
  readonly #ended = new Map<Machine, () => void>();
  #isBroken = false;
  /** It has lost something: of what was sent behind that, nothing arrives either. */
  #isReset = false;

  constructor(network: Network, one: Machine, other: Machine, ended: (machine: Machine) => void) {
    this.#network = network;
    const way = (from: Machine, to: Machine): Way => ({
      from,
      to,
      toLife: to.life,
      lastArrivalMs: 0,
      held: [],
      isLost: false,
    });
    this.#ways = [way(one, other), way(other, one)];
    for (const machine of [one, other]) this.#ended.set(machine, () => ended(machine));
    network.streams.add(this);
  }

  get isOpen(): boolean {
    return this.#ended.size === 2;
  }

  /** Whether this end has not heard of the end yet. */
  stands(machine: Machine): boolean {
    return this.#ended.has(machine);
  }

  #from(machine: Machine): Way {
    return this.#ways[0].from === machine ? this.#ways[0] : this.#ways[1];
  }

  /** `arrived` runs in a turn of the other end, behind what was sent before. */
  send(from: Machine, arrived: () => void): void {
    if (!this.#ended.has(from) || !from.isUp) return;
    const way = this.#from(from);
    this.#post(way, () => {
      if (this.#ended.has(way.to) && !this.#isReset) way.to.input(way.toLife, arrived);
    });
  }

  #post(way: Way, deliver: () => void): void {
    const { agenda } = this.#network;
    way.lastArrivalMs = Math.max(way.lastArrivalMs, agenda.nowMs + this.#network.delayMs(way.from, way.to));
    agenda.at(way.lastArrivalMs, () => this.#arrive(way, deliver));
  }

  #arrive(way: Way, deliver: () => void): void {
    const mode = this.#network.blocked(way.from, way.to);
    if (mode === 'lose') way.isLost = true;
    if (way.isLost) return;
    if (mode !== null || way.held.length > 0) way.held.push(deliver);
    else deliver();
  }

  /** This end is closed by its process; the other hears of it behind what was sent. */
  close(by: Machine): void {
    if (!this.#ended.delete(by)) return;
    this.#hangUp(this.#from(by));
    this.#forgetIfOver();
  }

  /** The connection breaks: each end hears of it, with or without what was under way. */
  cut(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    for (const way of this.#ways) this.#hangUp(way);
  }

  #hangUp(way: Way): void {
    const tell = (): void => {
      const ended = this.#ended.get(way.to);
      if (ended === undefined) return;
      way.to.input(way.toLife, () => {
        if (this.#ended.delete(way.to)) ended();
        this.#forgetIfOver();
      });
    };
    const { agenda } = this.#network;
    const overtakes = this.#network.mayReset();
    if (overtakes) agenda.after(this.#network.delayMs(way.from, way.to), () => this.#arrive(way, tell));
    else this.#post(way, tell);
  }

  #forgetIfOver(): void {
    if (this.#ended.size === 0) this.#network.streams.delete(this);
  }

  lose(from: Machine, to: Machine): void {
    for (const way of this.#ways) if (way.from === from && way.to === to) way.isLost = true;
  }

  /** What was held arrives. A connection that has lost something is reset as soon as anything can be told. */
  unblocked(from: Machine, to: Machine): void {
    for (const way of this.#ways) {
      if (way.from !== from || way.to !== to) continue;
      if (way.isLost) this.#reset();
      else {
        this.#network.agenda.after(0, () => {
          while (way.held.length > 0 && this.#network.blocked(from, to) === null) way.held.shift()!();
        });
      }
    }
  }

  #reset(): void {
    for (const way of this.#ways) {
      way.isLost = false;
      way.held.length = 0;
    }
    this.#isBroken = false;
    this.#isReset = true;
    this.cut();
  }

  died(machine: Machine, isSilent: boolean): void {
    if (!this.#ended.delete(machine)) return;
    if (isSilent) this.#from(machine).isLost = true;
    else this.#hangUp(this.#from(machine));
    this.#forgetIfOver();
  }

  returned(machine: Machine): void {
    const way = this.#ways.find(({ from, to }) => from === machine || to === machine);
    if (way === undefined || this.#ended.has(machine) || this.#ended.size === 0) return;
    if (this.#from(machine).isLost) this.#reset();
  }
}
