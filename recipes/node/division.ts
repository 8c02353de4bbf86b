import {
  type Acl,
  BadVersionError,
  json,
  NodeExistsError,
  NoNodeError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { ZNodeCache } from '../cache/index.ts';
import type { Division } from './divide.ts';

/** What the members go by: who has which item, and who was there when that was decided. */
export interface PublishedDivision {
  readonly members: readonly string[];
  readonly items: Division;
}

/** Reads a division as it stands in its node; null for what is none. */
export function parseDivision(value: unknown): PublishedDivision | null {
  if (typeof value !== 'object' || value === null) return null;
  const { members, items } = value as { readonly members?: unknown; readonly items?: unknown };
  if (!Array.isArray(members) || typeof items !== 'object' || items === null) return null;
  const entries = Object.entries(items);
  const texts = [...members, ...entries.map(([, member]) => member)];
  if (!texts.every((each) => typeof each === 'string')) return null;
  return { members, items: new Map(entries as [string, string][]) };
}

function formatDivision({ members, items }: PublishedDivision): string {
  return JSON.stringify({ members, items: Object.fromEntries(items) });
}

/** The node that holds the division, kept up to date here, written by whoever divides. */
export class DivisionNode implements AsyncDisposable {
  readonly #client: ZooKeeperClient;
  readonly #acl: readonly Acl[] | undefined;
  readonly #cache: ZNodeCache<unknown>;

  private constructor(client: ZooKeeperClient, acl: readonly Acl[] | undefined, cache: ZNodeCache<unknown>) {
    this.#client = client;
    this.#acl = acl;
    this.#cache = cache;
  }

  static async start(
    client: ZooKeeperClient,
    path: string,
    acl: readonly Acl[] | undefined,
    signal: AbortSignal | undefined,
  ): Promise<DivisionNode> {
    const cache = await ZNodeCache.start<unknown>(client, path, { scope: 'node', codec: json(), signal });
    return new DivisionNode(client, acl, cache);
  }

  get current(): boolean {
    return this.#cache.current;
  }

  get value(): PublishedDivision | null {
    return parseDivision(this.#cache.get(this.#cache.path)?.value);
  }

  onChange(listener: () => void): () => void {
    return this.#cache.onChange(listener);
  }

  /** Replaces the division that is known here. If it has been replaced meanwhile nothing happens: that one will be heard of. */
  async publish(division: PublishedDivision, signal: AbortSignal): Promise<void> {
    const { path } = this.#cache;
    const known = this.#cache.get(path);
    const data = formatDivision(division);
    try {
      if (known === undefined)
        await this.#client.create(path, data, { parents: 'container', acl: this.#acl, signal });
      else await this.#client.set(path, data, { version: known.stat.version, signal });
    } catch (error) {
      const overtaken =
        error instanceof NodeExistsError || error instanceof NoNodeError || error instanceof BadVersionError;
      if (!overtaken) throw error;
    }
  }

  close(): Promise<void> {
    return this.#cache.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
