/** What a scope has to end. */
type Ending = { readonly name: string; readonly end: () => PromiseLike<void> | void };

/** Something that a scope held did not end as it should. `failures` tells each by its name; everything else has ended all the same. */
export class CloseError extends Error {
  readonly code = 'CloseFailed';
  readonly failures: ReadonlyMap<string, unknown>;

  constructor(failures: ReadonlyMap<string, unknown>) {
    const list = [...failures].map(
      ([name, error]) => `${name}: ${(error as Error)?.message ?? String(error)}`,
    );
    super(`not closed: ${list.join('; ')} [CloseFailed]`, { cause: failures.values().next().value });
    this.name = 'CloseError';
    this.failures = failures;
  }
}

/**
 * What was started, in order, and ends in the reverse one: nothing ends before what was built on it.
 *
 * Invariant: whatever `start` has begun is ended by `close`, also when `close` comes while it is still starting.
 */
export class Scope implements AsyncDisposable {
  readonly #endings: Ending[] = [];
  /** The latest start or end: they take turns. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #closing = new AbortController();
  #closed: Promise<void> | null = null;

  /** Aborts when the scope begins to close: nothing should be started any more. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Takes over what has been started already. Throws if the scope is closing. */
  own<T extends AsyncDisposable>(name: string, resource: T): T {
    this.#closing.signal.throwIfAborted();
    this.onClose(name, () => resource[Symbol.asyncDispose]());
    return resource;
  }

  /** Calls a function when everything that was started later has ended. */
  onClose(name: string, end: () => PromiseLike<void> | void): void {
    this.#closing.signal.throwIfAborted();
    this.#endings.push({ name, end });
  }

  /**
   * Starts something after all that was started before, and owns it then. Rejects with what `make` rejects with; while the scope
   * closes, with the reason of `signal`, and what was made nevertheless is ended at once. `make` must not wait for another `start` of
   * the same scope, whose turn comes after its own.
   */
  start<T extends AsyncDisposable>(name: string, make: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const started = this.#turn.then(async () => {
      this.#closing.signal.throwIfAborted();
      const made = await make(this.#closing.signal);
      this.#endings.push({ name, end: () => made[Symbol.asyncDispose]() });
      this.#closing.signal.throwIfAborted();
      return made;
    });
    this.#turn = started.catch(() => {});
    return started;
  }

  /** Ends everything, one after the other, the last first. Rejects with `CloseError` if something did not end. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#closing.abort(new Error('the scope is closed'));
    await this.#turn;
    const failures = new Map<string, unknown>();
    for (const { name, end } of this.#endings.splice(0).reverse()) {
      try {
        await end();
      } catch (error) {
        failures.set(name, error);
      }
    }
    if (failures.size > 0) throw new CloseError(failures);
  }
}
