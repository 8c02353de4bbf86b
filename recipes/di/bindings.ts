import { warn } from './warning.ts';
import { bind, claim, hasDeclarations, isBoundTo, type Wiring } from './wiring.ts';

/** The instances that a container made for a module, while what they declare begins. */
export class Bindings {
  readonly #wiring: Wiring;
  /** Those that have not begun yet, and those that failed until somebody was told. */
  readonly #pending = new Set<Promise<void>>();
  #waiting = 0;

  constructor(wiring: Wiring) {
    this.#wiring = wiring;
  }

  /** The container gives out an instance, or what stands for one that will come here by itself when it is made. */
  add(instance: object, standIn: boolean): void {
    const { signal } = this.#wiring.scope;
    if (standIn) claim(instance, this.#wiring);
    if (signal.aborted || isBoundTo(instance, this.#wiring) || !hasDeclarations(instance)) return;
    const binding = bind(instance, this.#wiring);
    this.#pending.add(binding);
    binding.then(
      () => this.#pending.delete(binding),
      (error: unknown) => {
        // What the end of the module kept from beginning is no fault.
        if (signal.aborted) this.#pending.delete(binding);
        else if (this.#waiting === 0) warn(error);
      },
    );
  }

  /** See `ZookitModule.ready`. */
  async ready(): Promise<void> {
    this.#waiting++;
    try {
      for (let [first] = this.#pending; first !== undefined; [first] = this.#pending) {
        try {
          await first;
        } finally {
          this.#pending.delete(first);
        }
      }
    } finally {
      this.#waiting--;
    }
  }
}
