interface Planned {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | null;
}

/** Simulated time: what happens at its moment, and in order of being planned where moments are equal. */
export class Agenda {
  #nowMs = 0;
  #order = 0;
  /** A binary heap, the soonest first. */
  readonly #heap: Planned[] = [];

  constructor(nowMs = 0) {
    this.#nowMs = nowMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  at(atMs: number, run: () => void): { cancel(): void } {
    const planned: Planned = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, run };
    this.#push(planned);
    return {
      cancel() {
        planned.run = null;
      },
    };
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    return this.at(this.#nowMs + delayMs, run);
  }

  /** Lets the next thing happen, time going on to it. False when there is none, or none until `untilMs`. */
  step(untilMs = Infinity): boolean {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs) {
        if (untilMs !== Infinity) this.#nowMs = Math.max(this.#nowMs, untilMs);
        return false;
      }
      this.#pop();
      if (next.run === null) continue;
      this.#nowMs = next.atMs;
      next.run();
      return true;
    }
  }

  #push(planned: Planned): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(planned);
    while (at > 0) {
      const above = (at - 1) >>> 1;
      if (!isBefore(planned, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = planned;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (!isBefore(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
  }
}

function isBefore(one: Planned, other: Planned): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
