import type { SessionTimes } from './timing.ts';

/** Where a server listens. `host` is a name or an address (IPv6 without brackets). */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, with brackets around an IPv6 address. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What a link tells its owner. `closed` comes at most once, and nothing comes after it or after `Link.destroy`. */
export interface LinkEvents {
  open(): void;
  data(chunk: Buffer): void;
  /** The link failed (`error`) or the other side ended it (null). */
  closed(error: Error | null): void;
  /** A ping that the link sent by itself, at this monotonic time, was answered (see `Link.keepAlive`). */
  alive?(sentMs: number): void;
}

/** A byte stream to a server. */
export interface Link {
  /** Whole frames, or a four-letter word. */
  write(bytes: Buffer): void;
  /** There is a session with these times; a link that can do so sends pings while its owner does not get to run. */
  keepAlive?(times: SessionTimes): void;
  destroy(): void;
}

/** A source of chance that can be seeded. */
export interface Random {
  /** An integer in [0, bound). */
  below(bound: number): number;
}

/**
 * The client's doors to the world: everything that is not a function of what the server sent. `tcp.ts` opens them on Node;
 * tests put a virtual clock and a scripted server behind them.
 */
export interface ClientPorts {
  readonly random: Random;
  /** Milliseconds since some fixed moment; never goes back. */
  monotonicMs(): number;
  /** The clock on the wall: milliseconds since 1970, which may jump. For what people and other programs read, never for deadlines. */
  wallMs(): number;
  /** A random UUID in lower case with hyphens. */
  uuid(): string;
  /** Starts to open a link. Names are looked up anew on each call; events come later, never from within the call. */
  open(endpoint: Endpoint, events: LinkEvents): Link;
  /** Runs once after `delayMs`, when what has arrived on links by then has been handed on; the answer cancels it. */
  after(delayMs: number, run: () => void): () => void;
  /** Runs once when the current turn of the event loop has done its work. */
  endOfTurn(run: () => void): void;
  /** The client has ended and will open nothing more; what the ports hold of their own goes. */
  close?(): Promise<void>;
}
