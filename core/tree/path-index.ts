import { NO_NODE, type NodeId } from './node-id.ts';

/** What the index asks of the nodes it points to. */
interface IndexedNodes {
  hasPath(id: NodeId, bytes: Uint8Array, start: number, end: number): boolean;
}

const CAPACITY_MIN = 1024;

/**
 * Finds nodes by their path in UTF-8, without making a string: open addressing with linear probing over pairs of node id and
 * hash. Hashes stand in the table, so that a probe touches a node only when its hash matches, and growing touches none. A
 * removed entry is closed by shifting its followers back: there are no tombstones. At most two thirds full.
 *
 * The hash is FNV-1a from a seed drawn at start-up and mixed at the end, so that nobody can choose names that collide.
 */
export class PathIndex {
  readonly #nodes: IndexedNodes;
  readonly #seed: number;
  /** Id and hash of slot s at 2s and 2s + 1. */
  #table = new Int32Array(CAPACITY_MIN * 2);
  #mask = CAPACITY_MIN - 1;
  #size = 0;

  constructor(nodes: IndexedNodes, seed: number) {
    this.#nodes = nodes;
    this.#seed = seed | 0;
  }

  find(bytes: Uint8Array, start: number, end: number): NodeId {
    const table = this.#table;
    const hash = this.#hash(bytes, start, end);
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const id = table[slot * 2]!;
      if (id === NO_NODE) return NO_NODE;
      if (table[slot * 2 + 1] === hash && this.#nodes.hasPath(id, bytes, start, end)) return id;
    }
  }

  /** Adds a node whose path is not in the index. */
  add(id: NodeId, bytes: Uint8Array, start: number, end: number): void {
    if ((this.#size + 1) * 3 > (this.#mask + 1) * 2) this.#grow();
    this.#put(id, this.#hash(bytes, start, end));
    this.#size++;
  }

  /** Removes a node that is in the index; the bytes are its path. */
  remove(id: NodeId, bytes: Uint8Array, start: number, end: number): void {
    const table = this.#table;
    let hole = this.#hash(bytes, start, end) & this.#mask;
    while (table[hole * 2] !== id) hole = (hole + 1) & this.#mask;
    for (let slot = (hole + 1) & this.#mask; table[slot * 2] !== NO_NODE; slot = (slot + 1) & this.#mask) {
      const home = table[slot * 2 + 1]! & this.#mask;
      // The follower may fill the hole unless its home lies cyclically after the hole.
      if (((slot - home) & this.#mask) < ((slot - hole) & this.#mask)) continue;
      table[hole * 2] = table[slot * 2]!;
      table[hole * 2 + 1] = table[slot * 2 + 1]!;
      hole = slot;
    }
    table[hole * 2] = NO_NODE;
    this.#size--;
  }

  #put(id: NodeId, hash: number): void {
    let slot = hash & this.#mask;
    while (this.#table[slot * 2] !== NO_NODE) slot = (slot + 1) & this.#mask;
    this.#table[slot * 2] = id;
    this.#table[slot * 2 + 1] = hash;
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Int32Array(old.length * 2);
    this.#mask = old.length - 1;
    for (let at = 0; at < old.length; at += 2) {
      const id = old[at]!;
      if (id !== NO_NODE) this.#put(id, old[at + 1]!);
    }
  }

  #hash(bytes: Uint8Array, start: number, end: number): number {
    let hash = this.#seed ^ 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return hash ^ (hash >>> 13);
  }
}
