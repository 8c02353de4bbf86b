import { type Behaviour, defaultBehaviour } from './behaviour.ts';
import { Chroot } from './chroot.ts';
import { Connection } from './connection.ts';
import { ClientContext } from './context.ts';
import type { ConnectString } from './hosts.ts';
import { callListener, Listeners } from './listeners.ts';
import { type ClientPorts, type Endpoint, formatEndpoint } from './ports.ts';
import type { SessionSettings } from './session-types.ts';
import type { ClientState, StateInfo } from './state.ts';
import { type AttemptMessage, channels, type StateMessage } from './tracing.ts';
import { Watches } from './watches.ts';
import type { Whereabouts } from './whereabouts.ts';

export interface ClientEvents extends Record<string, readonly unknown[]> {
  /** The connection or the session changed. */
  state: [state: ClientState, info: StateInfo];
  /**
   * For two thirds of the session timeout the server has answered nothing that was sent since, although the connection is there:
   * the session may be about to expire.
   */
  doubt: [];
  /**
   * For so many milliseconds this process did not get to run, and the heartbeat's thread kept its session alive. Comes after `doubt`:
   * what was held is still there, but nobody could tell while it lasted.
   */
  away: [awayMs: number];
  /** `close` was called for the first time: what a listener sends now reaches the server before the session ends, if there is a connection. */
  closing: [];
  /** The client has ended, once; null if `close` asked for it. */
  end: [error: Error | null];
}

/** One session, as the client and its namespaces share it: the connection, its state and who listens to it. */
export class SharedSession {
  readonly connection: Connection;
  /** Paths relative to the connect string's chroot. */
  readonly context: ClientContext;
  readonly listeners = new Listeners<ClientEvents>();
  /** Resolves when nothing is left of the session. */
  readonly closed: Promise<void>;
  /** The last state reported. */
  state: ClientState | null = null;
  readonly #whereabouts: Whereabouts | null;
  #closing = false;
  #resolveClosed: () => void = () => {};

  /** Starts to connect. */
  constructor(
    target: ConnectString,
    settings: SessionSettings,
    ports: ClientPorts,
    behaviour: Behaviour = defaultBehaviour,
    whereabouts: Whereabouts | null = null,
  ) {
    this.#whereabouts = whereabouts;
    const chroot = new Chroot(target.chroot);
    const watches = new Watches(chroot, (listener, event) => callListener(listener, event));
    this.connection = new Connection(target.endpoints, settings, watches, ports, {
      attempt: (endpoint) => this.#attempt(endpoint),
      state: (state, info) => this.#state(state, info),
      doubt: () => this.listeners.emit('doubt'),
      away: (awayMs) => {
        this.listeners.emit('doubt');
        this.listeners.emit('away', awayMs);
      },
      ended: (error) => {
        if (ports.close === undefined) this.#resolveClosed();
        else ports.close().finally(this.#resolveClosed);
        this.listeners.emit('end', error);
      },
    });
    this.context = new ClientContext({ connection: this.connection, watches, chroot, ports, behaviour });
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.connection.start();
    whereabouts?.begin(this.context);
  }

  close(): void {
    if (!this.#closing && !this.connection.session.ended) {
      this.#closing = true;
      this.listeners.emit('closing');
    }
    this.connection.close();
  }

  #attempt(endpoint: Endpoint): void {
    const { attempts } = this.connection.session;
    if (attempts.roundBegun) this.#whereabouts?.refresh(attempts);
    if (!channels.attempt.hasSubscribers) return;
    const message: AttemptMessage = { server: formatEndpoint(endpoint), failures: attempts.failures };
    channels.attempt.publish(message);
  }

  #state(state: ClientState, info: StateInfo): void {
    this.state = state;
    if (channels.state.hasSubscribers) {
      const message: StateMessage = { ...info, state, server: this.connection.session.attempts.server };
      channels.state.publish(message);
    }
    this.listeners.emit('state', state, info);
  }
}
