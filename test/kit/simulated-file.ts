import type { Rng } from './seed.ts';

export const SECTOR_BYTES = 512;

/** Contents as sectors that are never changed, only replaced; a missing one reads as zeros. */
class Sectors {
  size = 0;
  readonly map: Map<number, Buffer>;

  constructor(from?: Sectors) {
    this.map = new Map(from?.map);
    this.size = from?.size ?? 0;
  }

  read(into: Buffer, at: number): number {
    const count = Math.max(0, Math.min(into.length, this.size - at));
    into.fill(0, 0, count);
    const first = Math.floor(at / SECTOR_BYTES);
    for (let index = first; index * SECTOR_BYTES < at + count; index++) {
      const sector = this.map.get(index);
      if (sector === undefined) continue;
      const start = index * SECTOR_BYTES - at;
      if (start < 0) sector.copy(into, 0, -start, Math.min(SECTOR_BYTES, count - start));
      else sector.copy(into, start, 0, Math.min(SECTOR_BYTES, count - start));
    }
    return count;
  }

  /** The sector with `bytes` in it from `offset` on. */
  edited(index: number, bytes: Buffer, offset: number): Buffer {
    const sector = Buffer.alloc(SECTOR_BYTES);
    this.map.get(index)?.copy(sector);
    bytes.copy(sector, offset);
    return sector;
  }

  resize(size: number): void {
    if (size < this.size) {
      const last = Math.floor(size / SECTOR_BYTES);
      for (const index of [...this.map.keys()]) if (index > last) this.map.delete(index);
      const sector = this.map.get(last);
      if (sector !== undefined) {
        const cut = Buffer.alloc(SECTOR_BYTES);
        sector.copy(cut, 0, 0, size % SECTOR_BYTES);
        this.map.set(last, cut);
      }
    }
    this.size = size;
  }
}

/** What was done to a file since its last sync, in order. A write is one change a sector, with the sector as it then was. */
type Change =
  | { readonly kind: 'sector'; readonly index: number; readonly bytes: Buffer; readonly size: number }
  | { readonly kind: 'truncate'; readonly length: number };

/** How much of what was not synced a crash spares. */
export type Survival = 'nothing' | 'everything' | 'first' | 'last' | 'any';
export const SURVIVALS: readonly Survival[] = ['nothing', 'everything', 'first', 'last', 'any'];

/** One file of the simulated disk: what programs see, what is on the platter, and what lies between. */
export class SimulatedInode {
  #live = new Sectors();
  readonly #durable = new Sectors();
  #changes: Change[] = [];

  get size(): number {
    return this.#live.size;
  }

  read(into: Buffer, at: number): number {
    return this.#live.read(into, at);
  }

  write(bytes: Buffer, at: number): void {
    const end = at + bytes.length;
    if (bytes.length > 0 && end > this.size) this.#live.size = end;
    for (let from = at; from < end; ) {
      const index = Math.floor(from / SECTOR_BYTES);
      const to = Math.min(end, (index + 1) * SECTOR_BYTES);
      const sector = this.#live.edited(index, bytes.subarray(from - at, to - at), from % SECTOR_BYTES);
      this.#live.map.set(index, sector);
      this.#changes.push({ kind: 'sector', index, bytes: sector, size: this.size });
      from = to;
    }
  }

  truncate(length: number): void {
    this.#live.resize(length);
    this.#changes.push({ kind: 'truncate', length });
  }

  /** How many changes there are: a sync makes those durable that were made before it began. */
  get changeCount(): number {
    return this.#changes.length;
  }

  makeDurable(count: number): void {
    for (const change of this.#changes.splice(0, count)) this.#applyDurably(change);
  }

  /** A failed sync: some changes reached the disk, the others never will, though programs still see them. */
  forgetSome(count: number, rng: Rng): void {
    for (const change of this.#changes.splice(0, count)) if (rng.chance(50)) this.#applyDurably(change);
  }

  /** Power goes. */
  crash(survival: Survival, rng: Rng): void {
    const changes = this.#changes.splice(0);
    const cut = rng.below(changes.length + 1);
    for (const [index, change] of changes.entries()) {
      const spared =
        survival === 'everything' ||
        (survival === 'first' && index < cut) ||
        (survival === 'last' && index >= cut) ||
        (survival === 'any' && rng.chance(50));
      if (spared) this.#applyDurably(change);
      // The length of a file and its contents go to the disk separately: it may be long enough, but not written.
      else if (survival !== 'nothing' && change.kind === 'sector' && rng.chance(30)) {
        this.#durable.size = Math.max(this.#durable.size, change.size);
      }
    }
    this.#live = new Sectors(this.#durable);
  }

  #applyDurably(change: Change): void {
    if (change.kind === 'truncate') {
      this.#durable.resize(change.length);
      return;
    }
    const end = Math.min(change.size, (change.index + 1) * SECTOR_BYTES);
    this.#durable.map.set(change.index, change.bytes);
    this.#durable.size = Math.max(this.#durable.size, end);
  }
}
