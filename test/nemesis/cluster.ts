/** What has been done to a server. */
export type Condition = 'up' | 'down' | 'paused' | 'disconnected';

/** A server that runs somewhere for real, and what can be done to it. Each call resolves when it is done. */
export interface ClusterServer {
  readonly id: number;
  /** Where clients reach it, the same all the time. */
  readonly host: string;
  readonly port: number;
  /** Ends the process without a word. */
  kill(): Promise<void>;
  /** Starts it again on what it left behind; it may not serve yet. */
  restart(): Promise<void>;
  /** Stops it in its tracks: connections stay and nobody answers. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Takes it off the network that the servers share; clients still reach it. */
  disconnect(): Promise<void>;
  reconnect(): Promise<void>;
  /** The last lines of its log. */
  log(): Promise<string>;
}

/** Several of them as one ensemble. */
export interface Cluster extends AsyncDisposable {
  readonly servers: readonly ClusterServer[];
  /** Whether `disconnect` and `reconnect` can be used. */
  readonly hasNetwork: boolean;
}

export function connectStringOf(servers: readonly ClusterServer[]): string {
  return servers.map(({ host, port }) => `${host}:${port}`).join(',');
}
