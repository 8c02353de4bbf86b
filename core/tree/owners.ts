import { type EphemeralKind, ephemeralKind } from '../../wire/create-mode.ts';

/** Which nodes go by themselves: those of sessions, containers, and those with a TTL. By path. */
export class Owners {
  readonly #extendedTypes: boolean;
  readonly ephemerals = new Map<bigint, Set<string>>();
  readonly containers = new Set<string>();
  readonly ttlNodes = new Set<string>();

  constructor(extendedTypes: boolean) {
    this.#extendedTypes = extendedTypes;
  }

  get ephemeralCount(): number {
    let count = 0;
    for (const paths of this.ephemerals.values()) count += paths.size;
    return count;
  }

  kind(owner: bigint): EphemeralKind {
    return ephemeralKind(owner, this.#extendedTypes);
  }

  add(path: string, owner: bigint): void {
    let paths = this.#pathsOf(owner);
    if (paths === undefined) {
      paths = new Set();
      this.ephemerals.set(owner, paths);
    }
    paths?.add(path);
  }

  remove(path: string, owner: bigint): void {
    const paths = this.#pathsOf(owner);
    paths?.delete(path);
    if (paths?.size === 0) this.ephemerals.delete(owner);
  }

  /** Null where the owner says that nobody owns the node; undefined for a session that owns none yet. */
  #pathsOf(owner: bigint): Set<string> | null | undefined {
    switch (this.kind(owner)) {
      case 'none':
        return null;
      case 'container':
        return this.containers;
      case 'ttl':
        return this.ttlNodes;
      case 'session':
        return this.ephemerals.get(owner);
    }
  }
}
