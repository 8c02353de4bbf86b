const QUOTA_ROOT = '/zookeeper/quota';
const LIMIT_NAME = 'zookeeper_limits';
const STATS_NAME = 'zookeeper_stats';

/** Path whose quota a node below /zookeeper/quota limits; null if the node is no limit node. */
export function limitedPathOf(path: string): string | null {
  return quotaSubject(path, LIMIT_NAME);
}

/** Path whose usage a node below /zookeeper/quota counts; null if the node is no stats node. */
export function countedPathOf(path: string): string | null {
  return quotaSubject(path, STATS_NAME);
}

function quotaSubject(path: string, name: string): string | null {
  if (!path.startsWith(`${QUOTA_ROOT}/`) || !path.endsWith(`/${name}`)) return null;
  const subject = path.slice(QUOTA_ROOT.length, path.length - name.length - 1);
  return subject === '' ? null : subject;
}

export function limitNodePath(path: string): string {
  return `${QUOTA_ROOT}${path}/${LIMIT_NAME}`;
}

export function statsNodePath(path: string): string {
  return `${QUOTA_ROOT}${path}/${STATS_NAME}`;
}

/**
 * Content of a limit or stats node (StatsTrack): `count=N,bytes=N`, and after an `=` that makes old readers stop,
 * `;byteHardLimit=N;countHardLimit=N`. -1 means no limit.
 */
export class StatsTrack {
  readonly #values = new Map<string, number>();

  constructor(text: string) {
    for (const pair of text.split(/[,;]+/)) {
      const [key, value] = pair.split('=');
      if (key !== undefined && key !== '' && value !== undefined) {
        const parsed = value === '' ? -1 : Number(value);
        if (Number.isSafeInteger(parsed)) this.#values.set(key, parsed);
      }
    }
  }

  get(key: 'count' | 'bytes' | 'countHardLimit' | 'byteHardLimit'): number {
    return this.#values.get(key) ?? -1;
  }

  set(key: 'count' | 'bytes', value: number): void {
    this.#values.set(key, value);
  }

  toString(): string {
    const hard = [...this.#values].filter(([key]) => key !== 'count' && key !== 'bytes').sort(byKey);
    const base = `count=${this.get('count')},bytes=${this.get('bytes')}`;
    return hard.length === 0 ? base : `${base}=${hard.map(([key, value]) => `;${key}=${value}`).join('')}`;
  }
}

function byKey(a: readonly [string, number], b: readonly [string, number]): number {
  return a[0] < b[0] ? -1 : 1;
}

/** The paths that have a quota. The nearest one above or at a path counts for it. */
export class QuotaPaths {
  readonly #paths = new Set<string>();

  get size(): number {
    return this.#paths.size;
  }

  add(path: string): void {
    this.#paths.add(path);
  }

  delete(path: string): void {
    this.#paths.delete(path);
  }

  *[Symbol.iterator](): Iterator<string> {
    yield* this.#paths;
  }

  /** The path whose quota counts for this one; null for none. The quota's own bookkeeping is not counted. */
  nearest(path: string): string | null {
    if (this.#paths.size === 0) return null;
    for (let at = path; at.length > 1; at = at.slice(0, at.lastIndexOf('/'))) {
      if (this.#paths.has(at)) return at;
    }
    return null;
  }
}
