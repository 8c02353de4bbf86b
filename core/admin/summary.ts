/** Count, sum, least and greatest of a series of non-negative numbers: what ZooKeeper prints as `avg/min/max/cnt/sum`. */
export class Summary {
  count = 0;
  sum = 0;
  /** Greatest value so far, 0 before the first. */
  max = 0;
  #min = Number.MAX_SAFE_INTEGER;

  add(value: number): void {
    this.count++;
    this.sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.max) this.max = value;
  }

  /** Least value so far, 0 before the first. */
  get min(): number {
    return this.count === 0 ? 0 : this.#min;
  }

  get average(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  reset(): void {
    this.count = 0;
    this.sum = 0;
    this.max = 0;
    this.#min = Number.MAX_SAFE_INTEGER;
  }
}
