import { unless } from '../until.ts';

/** Tells one who waits that there is reason to look again. A ring counts also when it comes before the waiting. */
export class Bell {
  #wake: () => void = () => {};
  readonly #rung = new Promise<void>((resolve) => {
    this.#wake = resolve;
  });

  readonly ring = (): void => this.#wake();

  /** Resolves when the bell has rung; rejects with the signal's reason. */
  rung(signal: AbortSignal | undefined): Promise<void> {
    return unless(this.#rung, signal);
  }
}
