import { connect, type ZooKeeperClient } from '../../client/index.ts';
import { HerdLock, InterProcessMutex, type Lease } from '../../recipes/index.ts';
import { TestServer } from '../../testing/index.ts';
import { Traffic } from './traffic.ts';

/** Two ways to wait for a lock. */
export const LOCKS = ['HerdLock', 'InterProcessMutex'] as const;
export type LockName = (typeof LOCKS)[number];

/** What one release costs all clients together. */
export interface Release {
  /** Watch events that they receive. */
  readonly events: number;
  /** Requests that they send, until the next one holds the lock and everybody else waits again. */
  readonly requests: number;
}

const PATH = '/herd/lock';
/** Watches of one who waits: on the holder or predecessor, and on its own node if it has one. */
const WATCHES_WAITING: Record<LockName, number> = { HerdLock: 1, InterProcessMutex: 2 };
/** A busy machine must not lose sessions. */
const SESSION_MS = 60_000;

/**
 * So many contenders, each a client of its own, and the lock passing between them: what every release costs. The number of those who
 * wait is the same each time, one less than that of contenders.
 */
export async function measureHerd(lock: LockName, contenders: number, releases: number): Promise<Release[]> {
  await using server = await TestServer.start({ config: { maxSessionTimeoutMs: SESSION_MS } });
  const traffic = new Traffic();
  const clients: ZooKeeperClient[] = [];
  try {
    for (let i = 0; i < contenders; i++) {
      const options = { ports: traffic.ports, sessionTimeoutMs: SESSION_MS };
      clients.push(await connect(server.connectString, options));
    }
    return await new Herd(lock, clients, traffic).play(releases);
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

interface Holder {
  readonly client: ZooKeeperClient;
  readonly lease: Lease;
}

class Herd {
  readonly #lock: LockName;
  readonly #clients: readonly ZooKeeperClient[];
  readonly #traffic: Traffic;
  readonly #stop = new AbortController();
  readonly #holders: Holder[] = [];
  #granted: () => void = () => {};
  #failure: unknown = null;

  constructor(lock: LockName, clients: readonly ZooKeeperClient[], traffic: Traffic) {
    this.#lock = lock;
    this.#clients = clients;
    this.#traffic = traffic;
  }

  async play(releases: number): Promise<Release[]> {
    const result: Release[] = [];
    try {
      for (const client of this.#clients) this.#contend(client);
      let holder = await this.#next();
      for (let i = 0; i < releases; i++) {
        await this.#atRest(this.#clients.length - 1);
        this.#traffic.reset();
        await holder.lease.release();
        const next = await this.#next();
        await this.#atRest(this.#clients.length - 2);
        result.push({ events: this.#traffic.events, requests: this.#traffic.requests });
        // Who has released it stands in line again.
        this.#contend(holder.client);
        holder = next;
      }
      return result;
    } finally {
      this.#stop.abort();
    }
  }

  #contend(client: ZooKeeperClient): void {
    const mutex =
      this.#lock === 'HerdLock' ? new HerdLock(client, PATH) : new InterProcessMutex(client, PATH);
    mutex.acquire({ signal: this.#stop.signal }).then(
      (lease) => {
        this.#holders.push({ client, lease });
        this.#granted();
      },
      (error: unknown) => {
        if (!this.#stop.signal.aborted) this.#failure = error;
        this.#granted();
      },
    );
  }

  async #next(): Promise<Holder> {
    for (;;) {
      const holder = this.#holders.shift();
      if (holder !== undefined) return holder;
      if (this.#failure !== null) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#granted = resolve;
      });
    }
  }

  /** Resolves when so many wait, with their watches set, and nobody has anything more to do. */
  async #atRest(waiting: number): Promise<void> {
    const watches = waiting * WATCHES_WAITING[this.#lock] + 1;
    for (;;) {
      const before = this.#traffic.requests;
      await Promise.all(this.#clients.map((client) => client.sync()));
      const set = this.#clients.reduce((sum, client) => sum + client.watchCounts().data.listeners, 0);
      if (set === watches && this.#traffic.requests === before) return;
    }
  }
}
