/** Waits for what is told, without asking again and again. */
export class Changes {
  readonly #waiting = new Set<() => void>();

  tell(): void {
    for (const check of [...this.#waiting]) check();
  }

  until(what: string, condition: () => boolean, timeoutMs = 20_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
      };
      const check = (): void => {
        if (!condition()) return;
        done();
        resolve();
      };
      const timer = setTimeout(() => {
        done();
        reject(new Error(`${what}: not within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.add(check);
      check();
    });
  }
}
