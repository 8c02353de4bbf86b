/** Calls a user's function; what it throws goes to the process as an uncaught exception, not into the client. */
export function callListener<A extends readonly unknown[]>(listener: (...args: A) => void, ...args: A): void {
  try {
    listener(...args);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** Listeners by event name, called in the order in which they were added. */
export class Listeners<Events extends Record<string, readonly unknown[]>> {
  readonly #byName = new Map<keyof Events, ((...args: never) => void)[]>();

  add<K extends keyof Events>(name: K, listener: (...args: Events[K]) => void): void {
    this.#byName.set(name, [...(this.#byName.get(name) ?? []), listener]);
  }

  remove<K extends keyof Events>(name: K, listener: (...args: Events[K]) => void): void {
    const listeners = this.#byName.get(name) ?? [];
    const at = listeners.indexOf(listener);
    if (at >= 0) this.#byName.set(name, listeners.toSpliced(at, 1));
  }

  count(name: keyof Events): number {
    return this.#byName.get(name)?.length ?? 0;
  }

  /** Lists are replaced, not changed, so that a listener may add and remove others. */
  emit<K extends keyof Events>(name: K, ...args: Events[K]): void {
    for (const listener of this.#byName.get(name) ?? []) {
      callListener(listener as (...args: Events[K]) => void, ...args);
    }
  }
}
