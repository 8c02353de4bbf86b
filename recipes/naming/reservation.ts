import {
  type Acl,
  BadVersionError,
  NodeExistsError,
  NoNodeError,
  type ZooKeeperClient,
} from '../../client/index.ts';

/**
 * The time up to which a worker number may have been used, written down before it is: a node for each number, which stays. Whoever
 * has the number next begins where it ends, whatever either clock says.
 */
export class Reservation {
  readonly #client: ZooKeeperClient;
  readonly #path: string;
  readonly #acl: readonly Acl[] | undefined;
  #version: number | null = null;
  #untilMs = 0;

  constructor(client: ZooKeeperClient, path: string, acl: readonly Acl[] | undefined) {
    this.#client = client;
    this.#path = path;
    this.#acl = acl;
  }

  /** Ids may be made with times before this. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /** Reads up to when the number may have been used. Only its holder does: nobody else writes meanwhile. */
  async read(signal: AbortSignal | undefined): Promise<number> {
    try {
      const { data, stat } = await this.#client.get(this.#path, { signal });
      this.#version = stat.version;
      const untilMs = Number(data?.toString() ?? '');
      return Number.isSafeInteger(untilMs) && untilMs > 0 ? untilMs : 0;
    } catch (error) {
      if (!(error instanceof NoNodeError)) throw error;
      this.#version = null;
      return 0;
    }
  }

  /** Reserves the time before `untilMs`. Rejects if somebody else has written, and with what an operation may end with. */
  async write(untilMs: number, signal: AbortSignal | undefined): Promise<void> {
    const text = String(untilMs);
    if (this.#version === null) {
      await this.#client.create(this.#path, text, { parents: true, acl: this.#acl, signal });
      this.#version = 0;
    } else {
      const { version } = await this.#client.set(this.#path, text, { version: this.#version, signal });
      this.#version = version;
    }
    this.#untilMs = untilMs;
  }
}

/** Whether somebody else has written. */
export function isOverwritten(error: unknown): boolean {
  return error instanceof BadVersionError || error instanceof NodeExistsError || error instanceof NoNodeError;
}
