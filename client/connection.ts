import { Attempts } from './attempts.ts';
import type { AuthInfo } from './auth.ts';
import { HostList } from './hosts.ts';
import type { ClientPorts, Endpoint, Link } from './ports.ts';
import type { Call } from './requests.ts';
import { Session } from './session.ts';
import type { SessionOut, SessionSettings } from './session-types.ts';
import type { ClientState, StateInfo } from './state.ts';
import type { Watches } from './watches.ts';

export interface ConnectionListener {
  /** A link to a server is about to be opened. */
  attempt(endpoint: Endpoint): void;
  state(state: ClientState, info: StateInfo): void;
  doubt(): void;
  /** For so long nothing here got to run, while the link kept the session alive. The session is in doubt as after `doubt`. */
  away(awayMs: number): void;
  ended(error: Error | null): void;
}

/** Bytes gathered before a turn's requests are sent without waiting for its end. */
const FLUSH_BYTES = 256 * 1024;

/** How long a server may take to say whether it has a quorum. */
const PROBE_TIMEOUT_MS = 2_000;

/**
 * Drives a session on ports: feeds it what links and the clock say, performs what it wants. All requests of one turn of the
 * event loop leave in one write; one timer serves every deadline.
 */
export class Connection implements SessionOut {
  readonly session: Session;
  readonly #ports: ClientPorts;
  readonly #listener: ConnectionListener;
  #link: Link | null = null;
  #probe: Link | null = null;
  #cancelProbe: () => void = () => {};
  #flushing = false;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #cancelTimer: (() => void) | null = null;

  constructor(
    endpoints: readonly Endpoint[],
    settings: SessionSettings,
    watches: Watches,
    ports: ClientPorts,
    listener: ConnectionListener,
  ) {
    this.#ports = ports;
    this.#listener = listener;
    const attempts = new Attempts(new HostList(endpoints, ports.random), settings.backoff, ports.random);
    this.session = new Session(settings, attempts, watches, this);
  }

  start(): void {
    this.session.start(this.#ports.monotonicMs());
    this.#arm();
  }

  get trusted(): boolean {
    return this.session.deadlines.trusted(this.#ports.monotonicMs());
  }

  get safeForMs(): number {
    return this.session.deadlines.safeForMs(this.#ports.monotonicMs());
  }

  submit(call: Call): void {
    this.session.submit(this.#ports.monotonicMs(), call);
  }

  addAuth(auth: AuthInfo, done: (error: Error | null) => void): void {
    this.session.addAuth(this.#ports.monotonicMs(), auth, done);
  }

  rearmPath(path: string): void {
    this.session.rearmPath(this.#ports.monotonicMs(), path);
  }

  close(): void {
    this.session.close(this.#ports.monotonicMs());
    this.#arm();
  }

  connect(endpoint: Endpoint): void {
    this.#listener.attempt(endpoint);
    const now = () => this.#ports.monotonicMs();
    let link: Link | null = null;
    // Events of a link that the session has let go of are not its business.
    const current = () => link !== null && link === this.#link;
    link = this.#ports.open(endpoint, {
      open: () => {
        if (current()) this.session.linkOpen(now());
        this.#arm();
      },
      data: (chunk) => {
        if (current()) this.session.chunk(now(), chunk);
        this.#arm();
      },
      alive: (sentMs) => {
        const awayMs =
          current() && this.session.ready ? this.session.deadlines.answeredForUs(now(), sentMs) : 0;
        if (awayMs > 0) this.#listener.away(awayMs);
        this.#arm();
      },
      closed: (error) => {
        if (!current()) return;
        this.#link = null;
        this.session.linkClosed(now(), error);
        this.#arm();
      },
    });
    this.#link = link;
  }

  disconnect(): void {
    const link = this.#link;
    this.#link = null;
    link?.destroy();
  }

  /** Sends the four-letter word `isro`, to which a server with a quorum answers `rw`. */
  probe(endpoint: Endpoint): void {
    this.#cancelProbe();
    this.#probe?.destroy();
    let answer = '';
    let link: Link | null = null;
    const done = () => {
      if (link === null || this.#probe !== link) return;
      this.#probe = null;
      link.destroy();
      cancel();
      this.session.probed(this.#ports.monotonicMs(), endpoint, answer === 'rw');
      this.#arm();
    };
    const cancel = this.#ports.after(PROBE_TIMEOUT_MS, done);
    link = this.#ports.open(endpoint, {
      open: () => link?.write(Buffer.from('isro')),
      data: (chunk) => {
        answer += chunk.toString('latin1', 0, 8);
        if (answer.length >= 2) done();
      },
      closed: done,
    });
    this.#probe = link;
    this.#cancelProbe = cancel;
  }

  flush(): void {
    if (this.session.writer.pos >= FLUSH_BYTES) this.#write();
    if (this.#flushing) return;
    this.#flushing = true;
    this.#ports.endOfTurn(() => {
      this.#flushing = false;
      this.#write();
    });
  }

  state(state: ClientState, info: StateInfo): void {
    if (this.session.ready) this.#link?.keepAlive?.(this.session.identity.times);
    this.#listener.state(state, info);
  }

  doubt(): void {
    this.#listener.doubt();
  }

  ended(error: Error | null): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    this.#cancelProbe();
    this.#probe?.destroy();
    this.#probe = null;
    this.#listener.ended(error);
  }

  #write(): void {
    const writer = this.session.writer;
    if (this.#link === null || writer.pos === 0) return;
    this.#link.write(writer.finish());
    writer.reset();
  }

  /**
   * Makes sure that a timer fires no later than the session's deadline. One that fires early costs a look at the clock; moving
   * it with every request would cost more.
   */
  #arm(): void {
    const deadlineMs = this.session.deadlines.next();
    if (deadlineMs >= this.#timerAtMs) return;
    this.#cancelTimer?.();
    const nowMs = this.#ports.monotonicMs();
    this.#timerAtMs = deadlineMs;
    this.#cancelTimer = this.#ports.after(Math.max(0, Math.ceil(deadlineMs - nowMs)), () => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.#cancelTimer = null;
      this.session.tick(this.#ports.monotonicMs());
      this.#arm();
    });
  }
}
