import { onAbort } from '../../client/aborts.ts';
import { Bell } from '../bell.ts';

/** Lets callers wait for what somebody else brings about, as long as that one goes on. */
export class Condition {
  readonly #ending: AbortSignal | undefined;
  readonly #bells = new Set<Bell>();

  /** `ending` aborts when nothing will change any more. */
  constructor(ending?: AbortSignal) {
    this.#ending = ending;
  }

  /** Something has changed. */
  wake(): void {
    for (const bell of this.#bells) bell.ring();
  }

  /** Resolves when something is so; rejects with what `isSo` throws, and with the reason of either signal. */
  async until(isSo: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    const bell = new Bell();
    this.#bells.add(bell);
    const release = this.#ending === undefined ? () => {} : onAbort(this.#ending, bell.ring);
    try {
      for (;;) {
        this.#ending?.throwIfAborted();
        if (isSo()) return;
        await bell.rung(signal);
      }
    } finally {
      release();
      this.#bells.delete(bell);
    }
  }
}
