/** What has arrived, and a way to wait for more. */
export class Collector<T> {
  readonly list: T[] = [];
  #wake: (() => void)[] = [];

  readonly add = (value: T): void => {
    this.list.push(value);
    for (const wake of this.#wake.splice(0)) wake();
  };

  /** Resolves when so many have arrived. */
  async until(count: number): Promise<T[]> {
    while (this.list.length < count) await new Promise<void>((resolve) => this.#wake.push(resolve));
    return this.list;
  }
}

/** A promise that a test resolves. */
export class Gate {
  open: () => void = () => {};
  readonly opened: Promise<void> = new Promise((resolve) => {
    this.open = resolve;
  });
}
