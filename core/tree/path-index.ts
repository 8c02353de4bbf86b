import { NO_NODE, type NodeId } from './node-id.ts';

/** What the index asks of the nodes it points to. */
interface IndexedNodes {
  matches(id: NodeId, hash: number, bytes: Uint8Array, start: number, end: number): boolean;
  hashOf(id: NodeId): number;
}

const CAPACITY_MIN = 1024;

/**
 * Finds nodes by their path in UTF-8, without making a string: open addressing with linear probing over node ids. A removed
 * entry is closed by shifting its followers back, so that there are no tombstones. At most two thirds full.
 *
 * The hash is FNV-1a from a seed drawn at start-up and mixed at the end, so that nobody can choose names that collide.
 */
export class PathIndex {
  readonly #nodes: IndexedNodes;
  readonly #seed: number;
  #slots = new Int32Array(CAPACITY_MIN);
  #mask = CAPACITY_MIN - 1;
  #size = 0;

  constructor(nodes: IndexedNodes, seed: number) {
    this.#nodes = nodes;
    this.#seed = seed | 0;
  }

  find(bytes: Uint8Array, start: number, end: number): NodeId {
    const hash = this.#hash(bytes, start, end);
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const id = this.#slots[slot]!;
      if (id === NO_NODE || this.#nodes.matches(id, hash, bytes, start, end)) return id;
    }
  }

  /** Adds a node whose path is not in the index; returns the hash, which the node must remember. */
  add(id: NodeId, bytes: Uint8Array, start: number, end: number): number {
    if ((this.#size + 1) * 3 > this.#slots.length * 2) this.#grow();
    const hash = this.#hash(bytes, start, end);
    this.#put(id, hash);
    this.#size++;
    return hash;
  }

  remove(id: NodeId): void {
    let hole = this.#nodes.hashOf(id) & this.#mask;
    while (this.#slots[hole] !== id) hole = (hole + 1) & this.#mask;
    for (let slot = (hole + 1) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const follower = this.#slots[slot]!;
      if (follower === NO_NODE) break;
      const home = this.#nodes.hashOf(follower) & this.#mask;
      // The follower may fill the hole unless its home lies cyclically after the hole.
      if (((slot - home) & this.#mask) >= ((slot - hole) & this.#mask)) {
        this.#slots[hole] = follower;
        hole = slot;
      }
    }
    this.#slots[hole] = NO_NODE;
    this.#size--;
  }

  #put(id: NodeId, hash: number): void {
    let slot = hash & this.#mask;
    while (this.#slots[slot] !== NO_NODE) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = id;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    this.#mask = this.#slots.length - 1;
    for (let i = 0; i < old.length; i++) {
      const id = old[i]!;
      if (id !== NO_NODE) this.#put(id, this.#nodes.hashOf(id));
    }
  }

  #hash(bytes: Uint8Array, start: number, end: number): number {
    let hash = this.#seed ^ 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return hash ^ (hash >>> 13);
  }
}
