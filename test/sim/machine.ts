import type { Clock } from '../../core/ports.ts';
import type { Scheduler } from '../../core/timers.ts';
import { PowerLoss } from '../kit/power-loss.ts';
import type { Agenda } from './agenda.ts';

const WALL_OFFSET_MS = 1_700_000_000_000;
/** No timer comes sooner, but for one that is to come at once. */
const TIMER_MS_MIN = 1e-6;

/**
 * What one server's process lives in: its own clocks over the one simulated time, its turns, its death and its pauses. Timers and
 * inputs of an earlier life do nothing.
 */
export class Machine implements Clock, Scheduler {
  readonly agenda: Agenda;
  /** Counts lives: whatever belongs to an earlier one is not heard any more. */
  life = 0;
  isUp = false;
  /** How far the wall clock is off; it may jump at any time. */
  wallSkewMs = 0;
  #rate = 1;
  #rateSinceMs = 0;
  #monotonicMs = 0;
  #turn: (() => void)[] = [];
  #isStalled = false;
  #lateTimers: (() => void)[] = [];
  #lateInputs: (() => void)[] = [];
  readonly #events: { turnEnded(): void; powerLost(): void };

  /** `turnEnded` is told after each turn, `powerLost` when a turn ended in a `PowerLoss`. */
  constructor(agenda: Agenda, events: { turnEnded(): void; powerLost(): void }) {
    this.agenda = agenda;
    this.#events = events;
    this.#rateSinceMs = this.#monotonicMs = agenda.nowMs;
  }

  wallMs(): number {
    return Math.floor(this.agenda.nowMs + WALL_OFFSET_MS + this.wallSkewMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs + (this.agenda.nowMs - this.#rateSinceMs) * this.#rate;
  }

  /** From now on both clocks' seconds are this long; timers that are set already stay. */
  drift(rate: number): void {
    this.#monotonicMs = this.monotonicMs();
    this.#rateSinceMs = this.agenda.nowMs;
    this.#rate = rate;
  }

  endOfTurn(callback: () => void): void {
    this.#turn.push(callback);
  }

  after(delayMs: number, callback: () => void): { cancel(): void } {
    const { life } = this;
    let isCancelled = false;
    const run = (): void => {
      if (!isCancelled) callback();
    };
    // Less than what time is counted in would come at the same moment again and again.
    const planned = this.agenda.after(delayMs > 0 ? Math.max(delayMs / this.#rate, TIMER_MS_MIN) : 0, () => {
      if (life !== this.life) return;
      if (this.#isStalled) this.#lateTimers.push(run);
      else this.#perform([run]);
    });
    return {
      cancel() {
        isCancelled = true;
        planned.cancel();
      },
    };
  }

  /** Something came from outside, for this life of the process: a turn of its own, or one of those after a stall. */
  input(life: number, action: () => void): void {
    if (life !== this.life) return;
    if (this.#isStalled) this.#lateInputs.push(action);
    else this.#perform([action]);
  }

  begin(action: () => void): void {
    this.life++;
    this.isUp = true;
    this.#perform([action]);
  }

  end(): void {
    this.life++;
    this.isUp = false;
    this.#turn = [];
    this.#forgetLate();
  }

  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** Nothing runs, no input is read, while time goes on. */
  stall(): void {
    if (this.isUp) this.#isStalled = true;
  }

  /** Everything at once, as Node does it: the timers that are due, then what has come in, then the end of the turn. */
  resume(): void {
    if (!this.#isStalled) return;
    const actions = [...this.#lateTimers, ...this.#lateInputs];
    this.#forgetLate();
    this.#perform(actions);
  }

  #forgetLate(): void {
    this.#isStalled = false;
    this.#lateTimers = [];
    this.#lateInputs = [];
  }

  #perform(actions: readonly (() => void)[]): void {
    const { life } = this;
    try {
      for (const action of actions) if (life === this.life) action();
      for (let next = this.#turn.shift(); next !== undefined; next = this.#turn.shift()) next();
    } catch (error) {
      // What a process does after the power has gone is nobody's concern.
      if (!(error instanceof PowerLoss || life !== this.life)) throw error;
    }
    if (this.isUp && life !== this.life) this.#events.powerLost();
    this.#events.turnEnded();
  }
}
