import {
  type Acl,
  NodeExistsError,
  NoNodeError,
  SessionExpiredError,
  type ZooKeeperClient,
} from '../../client/index.ts';
import { childPath } from '../../wire/path.ts';
import { OwnNode } from '../lock/own-node.ts';
import { mayRepeat } from '../repeat.ts';

/** A member's node in a double barrier: ephemeral, with a name of its own, watched. */
export class Member {
  readonly name: string;
  readonly path: string;
  readonly sessionId: bigint;
  readonly node: OwnNode;
  readonly #client: ZooKeeperClient;

  private constructor(client: ZooKeeperClient, path: string, name: string, sessionId: bigint) {
    this.#client = client;
    this.path = path;
    this.name = name;
    this.sessionId = sessionId;
    this.node = new OwnNode(client, path);
  }

  /** Puts a node into the directory. A creation whose answer is lost is looked for, and never leaves a second member behind. */
  static async create(
    client: ZooKeeperClient,
    directory: string,
    acl: readonly Acl[] | undefined,
    signal: AbortSignal,
  ): Promise<Member> {
    const name = client.ports.uuid();
    const path = childPath(directory, name);
    let doubt = false;
    try {
      for (;;) {
        try {
          const options = { mode: 'ephemeral', parents: 'container', acl, signal } as const;
          const { stat } = await client.create(path, '', options);
          return new Member(client, path, name, stat.ephemeralOwner);
        } catch (error) {
          if (error instanceof NodeExistsError) {
            const stat = await client.exists(path, { signal });
            // One of an earlier session is about to vanish.
            if (stat?.ephemeralOwner === client.sessionId)
              return new Member(client, path, name, client.sessionId);
            if (stat !== null) await client.delete(path, { signal }).catch(ifGone);
          } else if (mayRepeat(error)) doubt ||= error.outcome === 'unknown';
          else throw error;
        }
      }
    } catch (error) {
      if (doubt || signal.aborted) client.delete(path, { guaranteed: true }).catch(() => {});
      throw error;
    }
  }

  /** Throws `SessionExpiredError` if the session that the node belongs to is not the client's any more. */
  checkSession(): void {
    if (this.#client.sessionId !== this.sessionId) throw this.expired();
  }

  expired(): SessionExpiredError {
    return new SessionExpiredError({ operation: 'enter', path: this.path }, 'not-applied');
  }

  /** Deletes the node, however often the connection breaks. */
  async remove(): Promise<void> {
    this.node.stop();
    // Without its session there is none: its name is never used again.
    await this.#client.delete(this.path, { guaranteed: true }).catch((error: unknown) => {
      if (!(error instanceof NoNodeError || error instanceof SessionExpiredError)) throw error;
    });
  }
}

function ifGone(error: unknown): void {
  if (!(error instanceof NoNodeError)) throw error;
}
