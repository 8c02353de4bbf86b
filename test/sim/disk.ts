import type { Files } from '../../core/ports.ts';
import { losingPower, type PowerSupply } from '../kit/power-loss.ts';
import type { Rng } from '../kit/seed.ts';
import { SimulatedFiles } from '../kit/simulated-files.ts';
import type { Machine } from './machine.ts';

/** A server's disk, which outlives its process: it ends one write or sync after the other, each in its time. */
export class Disk {
  readonly simulated: SimulatedFiles;
  /** As the server sees it. */
  readonly files: Files;
  readonly #power: PowerSupply;
  readonly #machine: Machine;
  readonly #stepMs: () => number;
  #isSlow = false;
  #isPlanned = false;

  /** `stepMs` is how long the next write or sync takes; `powerLost` is told when the power goes within a change. */
  constructor(rng: Rng, machine: Machine, stepMs: () => number, powerLost: () => void) {
    this.simulated = new SimulatedFiles(rng);
    this.#machine = machine;
    this.#stepMs = stepMs;
    this.#power = { changesLeft: Infinity, lost: powerLost };
    this.files = losingPower(this.simulated, this.#power);
  }

  /** The power goes in place of the change after so many. */
  losePowerAfter(changes: number): void {
    this.#power.changesLeft = changes;
  }

  /** For so many changes. */
  powerIsBack(changes: number): void {
    this.#power.changesLeft = changes;
    this.#isPlanned = false;
  }

  get isSlow(): boolean {
    return this.#isSlow;
  }

  /** A disk that makes no step until it is told to go on. */
  setSlow(isSlow: boolean): void {
    this.#isSlow = isSlow;
    this.plan();
  }

  /** Plans the next step, if there is anything to do. */
  plan(): void {
    if (this.#isPlanned || this.#isSlow || this.simulated.pending === 0) return;
    this.#isPlanned = true;
    const { life } = this.#machine;
    this.#machine.agenda.after(this.#stepMs(), () => {
      if (life !== this.#machine.life) return;
      this.#isPlanned = false;
      if (this.#isSlow) return;
      this.#machine.input(life, () => void this.simulated.step());
      this.plan();
    });
  }
}
