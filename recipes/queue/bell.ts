/** Wakes the one who waits; what rang while nobody waited is kept. */
export class Bell {
  #rung = false;
  #wake: () => void = () => {};

  readonly ring = (): void => {
    this.#rung = true;
    this.#wake();
  };

  async heard(): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#rung = false;
    this.#wake = () => {};
  }
}
