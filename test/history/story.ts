import type { SessionId } from '../../wire/ids.ts';
import { type Action, Recorder, type Seen, type Session } from './history.ts';

/** A node as an answer would show it. */
export function node(path: string, data: string, rest: Partial<Seen> & { readonly mzxid: number }): Seen {
  return { path, data, version: 0, czxid: rest.mzxid, ephemeralOwner: 0n, ...rest };
}

/** A history made by hand, one operation after the other; a test bends it where it should be found. */
export class Story {
  #nowMs = 0;
  readonly history = new Recorder(() => this.#nowMs);
  readonly #sessions = new Set<SessionId>();

  #invoke(session: SessionId, action: Action) {
    if (!this.#sessions.has(session)) {
      this.#sessions.add(session);
      this.history.opened(session);
    }
    this.#nowMs += 10;
    const operation = this.history.invoke(session, action);
    this.#nowMs += 5;
    return operation;
  }

  create(path: string, data: string, zxid: number, owner: SessionId = 0n, session = owner || 1n): this {
    const ephemeral = owner !== 0n;
    const operation = this.#invoke(session, { type: 'create', path, data, ephemeral, sequential: false });
    const nodes = [node(path, data, { mzxid: zxid, ephemeralOwner: owner })];
    this.history.settle(operation, { kind: 'ok', zxid, nodes }, 's1');
    return this;
  }

  set(path: string, data: string, zxid: number, rest: Partial<Seen>, version = -1, session = 1n): this {
    const operation = this.#invoke(session, { type: 'set', path, data, version });
    const nodes = [node(path, data, { mzxid: zxid, ...rest })];
    this.history.settle(operation, { kind: 'ok', zxid, nodes }, 's1');
    return this;
  }

  delete(path: string, zxid: number, version = -1, session = 1n): this {
    const operation = this.#invoke(session, { type: 'delete', path, version });
    this.history.settle(operation, { kind: 'ok', zxid, nodes: [null] }, 's1');
    return this;
  }

  /** `seen` null: there is no such node. */
  get(path: string, seen: Seen | null, zxid: number, session = 1n): this {
    const operation = this.#invoke(session, { type: 'get', path });
    this.history.settle(operation, { kind: 'ok', zxid, nodes: [seen] }, 's2');
    return this;
  }

  children(path: string, children: readonly string[], zxid: number, session = 1n): this {
    const operation = this.#invoke(session, { type: 'children', path });
    this.history.settle(operation, { kind: 'ok', zxid, nodes: [], children }, 's2');
    return this;
  }

  refused(action: Action, code: string, zxid: number, session = 1n): this {
    this.history.settle(this.#invoke(session, action), { kind: 'refused', code, zxid }, 's1');
    return this;
  }

  /** The answer never came. */
  lost(action: Action, session = 1n): this {
    this.history.settle(this.#invoke(session, action), { kind: 'unknown' }, null);
    return this;
  }

  multi(zxid: number, parts: readonly (readonly [Action, Seen | null])[], session = 1n): this {
    const writes = parts.map(([write]) => write as Extract<Action, { type: 'set' }>);
    const operation = this.#invoke(session, { type: 'multi', writes });
    this.history.settle(operation, { kind: 'ok', zxid, nodes: parts.map(([, seen]) => seen) }, 's1');
    return this;
  }

  ended(session: SessionId, state: Exclude<Session['state'], 'open'>, endZxid: number | null = null): this {
    this.history.ended(session, state, endZxid);
    return this;
  }

  /** What a server shows in the end. */
  tree(server: string, ...nodes: readonly Seen[]): this {
    this.history.trees.set(server, new Map(nodes.map((seen) => [seen.path, seen])));
    return this;
  }
}
