import { type InstanceFields, instanceKey } from './instance.ts';

interface Errors {
  readonly sinceMs: number;
  count: number;
}

/** Which instances are not to be used for a while, because so many errors were noted within so long a time. */
export class DownInstances {
  readonly #threshold: number;
  readonly #timeoutMs: number;
  readonly #errors = new Map<string, Errors>();

  constructor(threshold: number, timeoutMs: number) {
    this.#threshold = threshold;
    this.#timeoutMs = timeoutMs;
  }

  note(instance: InstanceFields<unknown>, nowMs: number): void {
    // All are looked at, so that those of instances that are gone do not gather.
    for (const [key, { sinceMs }] of this.#errors) {
      if (nowMs - sinceMs >= this.#timeoutMs) this.#errors.delete(key);
    }
    const key = instanceKey(instance);
    const errors = this.#errors.get(key);
    if (errors === undefined) this.#errors.set(key, { sinceMs: nowMs, count: 1 });
    else errors.count++;
  }

  isDown(instance: InstanceFields<unknown>, nowMs: number): boolean {
    const errors = this.#errors.get(instanceKey(instance));
    if (errors === undefined || nowMs - errors.sinceMs >= this.#timeoutMs) return false;
    return errors.count >= this.#threshold;
  }

  /** How many instances have errors that count. */
  get size(): number {
    return this.#errors.size;
  }
}
