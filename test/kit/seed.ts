/**
 * A seeded source of chance (splitmix32): the same seed gives the same numbers on every machine and every Node version, so a
 * printed seed is a reproduction.
 */
export class Rng {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  /** An integer in [0, 2^32). */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  /** An integer in [0, bound). */
  below(bound: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * bound);
  }

  /** An integer in [low, high]. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True `percent` times in a hundred. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(values: readonly T[]): T {
    if (values.length === 0) throw new Error('nothing to pick from');
    return values[this.below(values.length)] as T;
  }

  /** One of the keys of `weights`, each as likely as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let at = this.below(entries.reduce((sum, [, weight]) => sum + weight, 0));
    for (const [key, weight] of entries) {
      at -= weight;
      if (at < 0) return key;
    }
    throw new Error('weights are all zero');
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let i = 0; i < length; i++) bytes[i] = this.below(256);
    return bytes;
  }

  /** A generator of its own, so that what one part draws does not shift what another part gets. */
  fork(): Rng {
    return new Rng(this.next());
  }
}

/** The seed of this run: from the environment variable `SEED`, else chosen anew. */
export function seedOfRun(): number {
  const given = process.env.SEED;
  if (given === undefined || given === '') return Math.floor(Math.random() * 0x1_0000_0000);
  const seed = Number(given);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff) {
    throw new Error(`SEED=${given} is not an integer from 0 to 4294967295`);
  }
  return seed;
}

/**
 * Runs a randomised test with the seed of this run. The seed is printed when it starts; an error gains the command that
 * replays it.
 */
export async function withSeed(file: string, body: (rng: Rng) => Promise<void> | void): Promise<void> {
  const seed = seedOfRun();
  const [, project = 'unit'] = /^test\/(interop|containers)\//.exec(file) ?? [];
  const replay = `SEED=${seed} npx vitest run --project ${project} ${file}`;
  process.stdout.write(`${file}: seed ${seed}\n`);
  try {
    await body(new Rng(seed));
  } catch (error) {
    const cause = error instanceof Error ? error : new Error(String(error));
    throw new Error(`${cause.message}\nreplay: ${replay}`, { cause });
  }
}
