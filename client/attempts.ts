import type { ServerFailure } from './errors.ts';
import type { HostList } from './hosts.ts';
import { type Endpoint, formatEndpoint, type Random } from './ports.ts';
import { type BackoffPolicy, backoffMs } from './retry.ts';

/** A connection that lived shorter than this does not count as a success for the back-off. */
const STEADY_MS = 1_000;

/** Bounds of the delay between questions for a quorum, while connected to a server that has none. */
const PROBE_MS_MIN = 200;
const PROBE_MS_MAX = 10_000;

/** Which server to try next, when, and what was wrong with the others. */
export class Attempts {
  readonly #hosts: HostList;
  readonly #backoff: BackoffPolicy;
  readonly #random: Random;
  readonly #failures = new Map<string, Error>();
  #endpoint: Endpoint | null = null;
  #connections = 0;
  #probes = 0;

  constructor(hosts: HostList, backoff: BackoffPolicy, random: Random) {
    this.#hosts = hosts;
    this.#backoff = backoff;
    this.#random = random;
  }

  /** The server of the present attempt or connection, `host:port`. */
  get server(): string | null {
    return this.#endpoint === null ? null : formatEndpoint(this.#endpoint);
  }

  /** How many servers there are. */
  get servers(): number {
    return this.#hosts.size;
  }

  /** The last failure of each server since one could be used. */
  get failures(): ServerFailure[] {
    return [...this.#failures].map(([server, error]) => ({ server, error }));
  }

  /** How many attempts have succeeded. */
  get connections(): number {
    return this.#connections;
  }

  get summary(): string {
    return this.failures.map(({ server, error }) => `${server}: ${error.message}`).join('; ');
  }

  /** Whether the present attempt is the first after every server has failed: a reason to ask where the servers are. */
  get roundBegun(): boolean {
    return this.#hosts.roundBegun;
  }

  /** Takes another list of servers; a connection to one that is not in it goes on. */
  update(endpoints: readonly Endpoint[]): void {
    this.#hosts.update(endpoints);
  }

  next(): Endpoint {
    this.#endpoint = this.#hosts.next();
    return this.#endpoint;
  }

  /** A server to ask for its quorum while the present one has none. */
  candidate(): Endpoint {
    return this.#hosts.candidate(this.#endpoint);
  }

  /** How long to wait before the next such question. */
  probeDelayMs(): number {
    return backoffMs(this.#probes++, { baseMs: PROBE_MS_MIN, maxMs: PROBE_MS_MAX }, this.#random);
  }

  /** Makes a server the next to be tried. */
  prefer(endpoint: Endpoint): void {
    this.#probes = 0;
    this.#hosts.prefer(endpoint);
  }

  succeeded(): void {
    this.#connections++;
    this.#failures.clear();
  }

  /** The present server failed after it had been usable for `livedMs`; returns how long to wait before the next attempt. */
  failed(cause: Error, livedMs: number): number {
    if (livedMs >= STEADY_MS) this.#hosts.succeeded();
    const server = this.server;
    if (server !== null) this.#failures.set(server, cause);
    if (!this.#hosts.roundComplete) return 0;
    return backoffMs(this.#hosts.rounds - 1, this.#backoff, this.#random);
  }
}
