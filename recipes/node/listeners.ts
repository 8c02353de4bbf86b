import { callListener } from '../../client/listeners.ts';

/** Who listens to one thing. */
export class Subscribers<A extends readonly unknown[]> {
  #listeners: readonly ((...args: A) => void)[] = [];

  /** Adds a listener; the answer removes it. The same function may be added more than once. */
  add(listener: (...args: A) => void): () => void {
    const own = (...args: A): void => listener(...args);
    this.#listeners = [...this.#listeners, own];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== own);
    };
  }

  tell(...args: A): void {
    for (const listener of this.#listeners) callListener(listener, ...args);
  }
}
