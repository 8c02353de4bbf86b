/** One thing to read: a node's content, or the names of its children. `deep` also reads again what is below. */
export interface Reading {
  readonly what: 'node' | 'names';
  readonly path: string;
  readonly deep: boolean;
}

/** A reading under way. */
export interface Flight {
  readonly reading: Reading;
  /** What it brings is not to be used. */
  void: boolean;
  /** What has to be read again when it is over, because something happened meanwhile. */
  again: Reading | null;
}

const keyOf = (what: Reading['what'], path: string): string => `${what} ${path}`;

function merged(a: Reading | null | undefined, b: Reading): Reading {
  return a?.deep === true ? a : b;
}

/**
 * Readings that wait and those under way, so many at once at most, and never two of the same thing: what is asked for again while
 * it is read is read once more afterwards, so that the last answer is newer than the last question.
 */
export class ReadQueue {
  readonly #concurrency: number;
  readonly #run: (flight: Flight) => Promise<void>;
  readonly #idle: () => void;
  readonly #waiting = new Map<string, Reading>();
  readonly #flights = new Map<string, Flight>();
  #open = false;

  /** `run` never rejects. `idle` is called when the last reading is over. */
  constructor(concurrency: number, run: (flight: Flight) => Promise<void>, idle: () => void) {
    this.#concurrency = concurrency;
    this.#run = run;
    this.#idle = idle;
  }

  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#flights.size === 0;
  }

  /** Whether something is being read, or waits for it. */
  has(what: Reading['what'], path: string): boolean {
    const key = keyOf(what, path);
    return this.#flights.has(key) || this.#waiting.has(key);
  }

  add(reading: Reading): void {
    const key = keyOf(reading.what, reading.path);
    const flight = this.#flights.get(key);
    if (flight !== undefined) flight.again = merged(flight.again, reading);
    else this.#waiting.set(key, merged(this.#waiting.get(key), reading));
    this.#pump();
  }

  /** What a reading under way brings is not to be used; it is done once more. */
  void(what: Reading['what'], path: string): void {
    const flight = this.#flights.get(keyOf(what, path));
    if (flight === undefined) return;
    flight.void = true;
    flight.again = merged(flight.again, flight.reading);
  }

  /** Lets readings begin. */
  open(): void {
    this.#open = true;
    this.#pump();
    if (this.isIdle) this.#idle();
  }

  /** Lets none begin any more; those under way come to nothing, and wait again. */
  shut(): void {
    this.#open = false;
    for (const [key, flight] of this.#flights) {
      flight.void = true;
      const again = merged(flight.again, flight.reading);
      this.#waiting.set(key, merged(this.#waiting.get(key), again));
    }
    this.#flights.clear();
  }

  /** Forgets what waits; only after `shut`. */
  clear(): void {
    this.#waiting.clear();
  }

  #pump(): void {
    if (!this.#open) return;
    for (const [key, reading] of this.#waiting) {
      if (this.#flights.size >= this.#concurrency) return;
      this.#waiting.delete(key);
      const flight: Flight = { reading, void: false, again: null };
      this.#flights.set(key, flight);
      void this.#run(flight).then(() => this.#landed(key, flight));
    }
  }

  #landed(key: string, flight: Flight): void {
    if (this.#flights.get(key) !== flight) return;
    this.#flights.delete(key);
    if (flight.again !== null) this.#waiting.set(key, merged(this.#waiting.get(key), flight.again));
    this.#pump();
    if (this.isIdle) this.#idle();
  }
}
