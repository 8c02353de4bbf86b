import { pathFault } from '../wire/path.ts';
import { type Endpoint, formatEndpoint, type Random } from './ports.ts';

/** ZooKeeper's client port where the connect string names none. */
export const DEFAULT_PORT = 2181;

export interface ConnectString {
  readonly endpoints: readonly Endpoint[];
  /** The path that all paths are relative to; empty for none. */
  readonly chroot: string;
}

function refuse(connectString: string, why: string): never {
  throw new TypeError(
    `connect string ${JSON.stringify(connectString)}: ${why}; expected host:port,host:port/chroot`,
  );
}

function parsePort(text: string, connectString: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535)
    refuse(connectString, `${JSON.stringify(text)} is no port`);
  return port;
}

function parseEndpoint(text: string, connectString: string): Endpoint {
  const bracketed = /^\[([^\]]+)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) {
    const port = bracketed[2] === undefined ? DEFAULT_PORT : parsePort(bracketed[2], connectString);
    return { host: bracketed[1]!, port };
  }
  const parts = text.split(':');
  // More than one colon without brackets can only be a bare IPv6 address.
  if (parts.length > 2 && /^[0-9a-f:.]+(%\w+)?$/i.test(text)) return { host: text, port: DEFAULT_PORT };
  if (parts.length > 2) refuse(connectString, `${JSON.stringify(text)} is no host:port`);
  const host = parts[0]!;
  if (host === '' || /[\s[\]]/.test(host)) refuse(connectString, `${JSON.stringify(text)} is no host`);
  return { host, port: parts[1] === undefined ? DEFAULT_PORT : parsePort(parts[1], connectString) };
}

/**
 * Parses `host:port,host:port/chroot`. The port is 2181 if left out; IPv6 addresses stand in brackets (`[::1]:2181`).
 * Throws `TypeError` that names the part that is wrong.
 */
export function parseConnectString(connectString: string): ConnectString {
  const slash = connectString.indexOf('/');
  const servers = slash < 0 ? connectString : connectString.slice(0, slash);
  const root = slash < 0 ? '' : connectString.slice(slash);
  const chroot = root === '/' ? '' : root;
  if (chroot !== '') {
    const fault = pathFault(chroot);
    if (fault !== null) refuse(connectString, `chroot ${JSON.stringify(chroot)}: ${fault}`);
  }
  const endpoints = servers
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => parseEndpoint(part, connectString));
  if (endpoints.length === 0) refuse(connectString, 'no server');
  return { endpoints, chroot };
}

/**
 * The order in which servers are tried: shuffled once, then round and round, so that clients spread over the ensemble and one
 * that lost its server moves on to the next.
 */
export class HostList {
  #endpoints: Endpoint[];
  readonly #random: Random;
  #next = 0;
  #tried = 0;
  #candidate = 0;

  constructor(endpoints: readonly Endpoint[], random: Random) {
    this.#random = random;
    this.#endpoints = [...endpoints];
    for (let i = this.#endpoints.length - 1; i > 0; i--) {
      const j = random.below(i + 1);
      const swapped = this.#endpoints[i]!;
      this.#endpoints[i] = this.#endpoints[j]!;
      this.#endpoints[j] = swapped;
    }
  }

  /**
   * Takes another list. Servers that stay keep their places, so that no turn is lost; new ones come in at places left to chance. An
   * empty list is not taken: there would be nobody left to ask.
   */
  update(endpoints: readonly Endpoint[]): void {
    const wanted = new Map(endpoints.map((endpoint) => [formatEndpoint(endpoint), endpoint]));
    if (wanted.size === 0) return;
    const { size, rounds } = this;
    const upcoming = this.#endpoints.slice(this.#next).find((at) => wanted.has(formatEndpoint(at)));
    this.#endpoints = this.#endpoints.filter((at) => wanted.delete(formatEndpoint(at)));
    for (const endpoint of wanted.values()) {
      this.#endpoints.splice(this.#random.below(this.#endpoints.length + 1), 0, endpoint);
    }
    this.#next = upcoming === undefined ? 0 : this.#endpoints.indexOf(upcoming);
    this.#candidate = 0;
    this.#tried = rounds * this.size + Math.min(this.#tried % size, this.size - 1);
  }

  get size(): number {
    return this.#endpoints.length;
  }

  /** Attempts since the last success. */
  get tried(): number {
    return this.#tried;
  }

  /** How many times every server has been tried since the last success. */
  get rounds(): number {
    return Math.floor(this.#tried / this.#endpoints.length);
  }

  /** Whether every server has been tried equally often: the moment for a delay. */
  get roundComplete(): boolean {
    return this.#tried > 0 && this.#tried % this.#endpoints.length === 0;
  }

  /** Whether the present attempt is the first after every server has failed. */
  get roundBegun(): boolean {
    return this.#tried > this.size && this.#tried % this.size === (this.size === 1 ? 0 : 1);
  }

  next(): Endpoint {
    const endpoint = this.#endpoints[this.#next]!;
    this.#next = (this.#next + 1) % this.#endpoints.length;
    this.#tried++;
    return endpoint;
  }

  /** Another server than the one given, in turn; that one itself if there is no other. */
  candidate(other: Endpoint | null): Endpoint {
    for (let i = 0; i < this.#endpoints.length; i++) {
      this.#candidate = (this.#candidate + 1) % this.#endpoints.length;
      if (this.#endpoints[this.#candidate] !== other) break;
    }
    return this.#endpoints[this.#candidate]!;
  }

  /** Makes a server the next to be tried. */
  prefer(endpoint: Endpoint): void {
    const at = this.#endpoints.indexOf(endpoint);
    if (at >= 0) this.#next = at;
  }

  succeeded(): void {
    this.#tried = 0;
  }
}
