import { unless } from './until.ts';

/** Tells one who waits that there is reason to look again. What rang while nobody waited is kept, once. */
export class Bell {
  #rung = false;
  #wake: () => void = () => {};

  readonly ring = (): void => {
    this.#rung = true;
    this.#wake();
  };

  /** Resolves when the bell has rung since the last time; rejects with the signal's reason. */
  async rung(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (!this.#rung) {
      const ringing = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await unless(ringing, signal);
    }
    this.#rung = false;
  }
}
