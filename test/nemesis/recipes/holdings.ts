import type { Claim, Resource } from './report.ts';

/** One lease, and when its holder had reason to believe that nobody else could have one. */
export interface Holding {
  readonly resource: Resource;
  readonly holding: string;
  readonly worker: number;
  readonly token: number;
  /** When it was first believed in. */
  readonly fromMs: number;
  /** Until when, at most, if it is not given up before. */
  readonly believedUntilMs: number;
  /** When it was given up. */
  readonly letGoMs: number;
}

/** What is believed in for a while; `what` is for people. */
export interface Interval {
  readonly what: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Every holder's leases, put together from what they claimed. */
export class Holdings {
  readonly #all = new Map<string, Holding>();

  get all(): readonly Holding[] {
    return [...this.#all.values()];
  }

  of(resource: Resource): readonly Holding[] {
    return this.all.filter((holding) => holding.resource === resource);
  }

  claim(claim: Claim, worker: number): void {
    const { resource, holding, token, atMs, held, aborted, safeMs } = claim;
    const believesNow = held || !aborted || safeMs > 0;
    if (!believesNow) return;
    // A promise about the time to come stands, unless the lease is released.
    const believedUntilMs = atMs + Math.max(0, safeMs);
    const known = this.#all.get(holding);
    this.#all.set(holding, {
      resource,
      holding,
      worker,
      token,
      fromMs: known?.fromMs ?? atMs,
      believedUntilMs: Math.max(known?.believedUntilMs ?? 0, believedUntilMs),
      letGoMs: known?.letGoMs ?? Number.POSITIVE_INFINITY,
    });
  }

  letGo(holding: string, atMs: number): void {
    const known = this.#all.get(holding);
    if (known !== undefined) this.#all.set(holding, { ...known, letGoMs: atMs });
  }
}

/** What is wrong with the leases on one resource, of which there are so many permits. */
export function judgeHoldings(holdings: readonly Holding[], permits: number): string[] {
  const wrong: string[] = [];
  const owners = new Map<number, number>();
  for (const { resource, token, worker } of holdings) {
    const owner = owners.get(token) ?? worker;
    if (owner !== worker) wrong.push(`${resource}: token ${token} has two holders, ${owner} and ${worker}`);
    owners.set(token, owner);
  }
  const inOrder = [...holdings].sort((a, b) => a.fromMs - b.fromMs);
  if (permits === 1) {
    for (const [i, later] of inOrder.entries()) {
      const earlier = inOrder[i - 1];
      if (earlier !== undefined && earlier.token > later.token) {
        wrong.push(`${nameOf(later)} came after ${nameOf(earlier)}, and its token is lower`);
      }
    }
  }
  const intervals = inOrder.map((holding) => ({
    what: nameOf(holding),
    fromMs: holding.fromMs,
    untilMs: Math.min(holding.believedUntilMs, holding.letGoMs),
  }));
  return [...wrong, ...overlaps(intervals, permits)];
}

/** Moments at which more than so many intervals overlap, each told once by the one that was too much. */
export function overlaps(intervals: readonly Interval[], most: number): string[] {
  const wrong: string[] = [];
  let active: Interval[] = [];
  for (const next of [...intervals].sort((a, b) => a.fromMs - b.fromMs)) {
    active = active.filter(({ untilMs }) => untilMs > next.fromMs);
    active.push(next);
    if (active.length <= most) continue;
    const told = active.map(
      ({ what, fromMs, untilMs }) => `${what} ${fromMs.toFixed(1)}–${untilMs.toFixed(1)} ms`,
    );
    wrong.push(`${active.length} at once, of ${most}: ${told.join('; ')}`);
  }
  return wrong;
}

function nameOf({ resource, holding, worker, token }: Holding): string {
  return `${resource} ${holding} of ${worker} (token ${token})`;
}
