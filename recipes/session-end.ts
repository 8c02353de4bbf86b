import type { ClientState, ZooKeeperClient } from '../client/index.ts';

/**
 * Notices that the session of this moment ends, also where a new one follows at once: what was begun in it must not go on in
 * another. Without a session yet it stands for the first one.
 */
export class SessionEnd {
  readonly #client: ZooKeeperClient;
  /** Resolves when the session has ended; not after `release`. */
  readonly ended: Promise<void>;
  #over = false;
  #resolveEnded: () => void = () => {};
  readonly #onState = (state: ClientState): void => {
    if (state === 'lost') this.finish();
  };
  readonly #onEnd = (): void => this.finish();

  constructor(client: ZooKeeperClient) {
    this.#client = client;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    client.on('state', this.#onState).on('end', this.#onEnd);
  }

  /** Whether the session has ended. */
  get over(): boolean {
    return this.#over;
  }

  /** Stops listening. */
  release(): void {
    this.#client.off('state', this.#onState).off('end', this.#onEnd);
  }

  /** It is known to have ended. */
  finish(): void {
    this.#over = true;
    this.#resolveEnded();
    this.release();
  }
}

/**
 * Waits for what takes something of a session back, a node that goes with it for example, and no longer than there is a session: once
 * it is lost the work goes on by itself, until a server has answered or the client ends. Where there is none, it does not wait at all.
 */
export async function whileSession(client: ZooKeeperClient, work: Promise<void>): Promise<void> {
  const session = new SessionEnd(client);
  try {
    if (client.state === 'lost' || client.ended) session.finish();
    await Promise.race([work, session.ended]);
  } finally {
    session.release();
  }
  work.catch(() => {});
}
