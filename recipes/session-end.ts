import type { ClientState, ZooKeeperClient } from '../client/index.ts';

/**
 * Notices that the session of this moment ends, also where a new one follows at once: what was begun in it must not go on in
 * another. Without a session yet it stands for the first one.
 */
export class SessionEnd {
  readonly #client: ZooKeeperClient;
  #over = false;
  readonly #onState = (state: ClientState): void => {
    if (state === 'lost') this.#finish();
  };
  readonly #onEnd = (): void => this.#finish();

  constructor(client: ZooKeeperClient) {
    this.#client = client;
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

  #finish(): void {
    this.#over = true;
    this.release();
  }
}
