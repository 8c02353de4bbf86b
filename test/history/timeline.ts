import type { SessionId, Zxid } from '../../wire/ids.ts';
import { describe, type History, type Operation, type Seen, type Write, writesOf } from './history.ts';

/** A state of one node, from a zxid on: made by a write that was acknowledged, or seen. */
export interface Effect {
  readonly zxid: Zxid;
  /** Null: the node was deleted. */
  readonly node: Seen | null;
  /** Whose write it is; null where only a reader's word proves it and its data is not known. */
  readonly operation: Operation | null;
}

/** A write whose answer was lost. */
export interface Lost {
  readonly operation: Operation;
  readonly write: Write;
}

/**
 * What is known of each node's past, in the order of zxids: acknowledged writes, and writes that are proven by somebody having
 * seen what they wrote. Where one transaction changes a node several times, its last state counts.
 */
export class Timeline {
  readonly #effects = new Map<string, Map<Zxid, Effect>>();
  readonly #sorted = new Map<string, Effect[]>();
  readonly #lost = new Map<string, Lost[]>();
  readonly #writers = new Map<string, Operation>();
  readonly #proven = new Map<Operation, Zxid>();
  readonly #aliveUntil = new Map<SessionId, Zxid>();
  readonly #lostSequential: string[] = [];
  readonly #doneSets = new Map<string, string[]>();
  readonly #dataSeen = new Set<string>();
  readonly #children = new Map<string, string[]>();
  readonly #history: History;
  /** What was seen and cannot be: data that nobody wrote, two states of a node at one zxid. */
  readonly contradictions: string[] = [];

  constructor(history: History) {
    this.#history = history;
    for (const operation of history.operations) this.#enter(operation);
    for (const operation of history.operations) {
      for (const node of nodesSeen(operation)) this.#see(node, () => describe(operation));
    }
    for (const [server, tree] of history.trees) {
      for (const node of tree.values()) this.#see(node, () => `the last look at ${server}`);
    }
    for (const operation of history.operations) this.#complete(operation);
    for (const [path, effects] of this.#effects) {
      this.#sorted.set(
        path,
        [...effects.values()].sort((a, b) => a.zxid - b.zxid),
      );
      if (path !== '/') push(this.#children, path.slice(0, path.lastIndexOf('/')) || '/', path);
    }
  }

  get paths(): Iterable<string> {
    return this.#sorted.keys();
  }

  /** All that is known of a node, in the order of zxids. */
  effectsOf(path: string): readonly Effect[] {
    return this.#sorted.get(path) ?? [];
  }

  /** The last known change of a node up to and including a zxid. */
  at(path: string, zxid: Zxid): Effect | null {
    const effects = this.effectsOf(path);
    let low = 0;
    let high = effects.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (effects[middle]!.zxid <= zxid) low = middle + 1;
      else high = middle;
    }
    return effects[low - 1] ?? null;
  }

  /** The first known change of a node after a zxid. */
  after(path: string, zxid: Zxid): Effect | null {
    return this.effectsOf(path).find((effect) => effect.zxid > zxid) ?? null;
  }

  /** Where a write took place: acknowledged there, or without an answer and later seen. Null where neither is known. */
  zxidOf(operation: Operation): Zxid | null {
    const { outcome } = operation;
    return outcome.kind === 'ok' ? outcome.zxid : (this.#proven.get(operation) ?? null);
  }

  /** Writes of one type to a node whose answers were lost and of which nothing was seen. */
  lost(path: string, type: Write['type']): readonly Lost[] {
    const all = this.#lost.get(path) ?? [];
    return all.filter(({ write, operation }) => write.type === type && !this.#isKnown(operation, write));
  }

  /** Of a multi that somebody has seen a part of, the others have happened too, but may have been undone before anybody looked. */
  #isKnown(operation: Operation, write: Write): boolean {
    return this.#proven.has(operation) && (!('data' in write) || this.#dataSeen.has(write.data));
  }

  /** Whether a node that was there may have been gone at `zxid` although no delete is known. */
  mayBeGone(path: string, node: Seen, zxid: Zxid): boolean {
    return this.lost(path, 'delete').length > 0 || this.mayHaveEnded(node.ephemeralOwner, zxid);
  }

  /** Why a node cannot have been missing at a zxid; null if it can. */
  absenceFault(path: string, zxid: Zxid): string | null {
    const node = this.at(path, zxid)?.node ?? null;
    if (node === null) return null;
    const next = this.after(path, zxid);
    if (this.mayBeGone(path, node, zxid) && next?.node?.czxid !== node.czxid) return null;
    return `missing, which was ${stateInWords(node)}`;
  }

  /** Whether somebody has made a node of this path, or may have. */
  mayHaveBeenMade(path: string): boolean {
    return (
      this.effectsOf(path).length > 0 ||
      this.lost(path, 'create').length > 0 ||
      this.#lostSequential.some((prefix) => path.startsWith(prefix))
    );
  }

  /** Sets of a node that took place and that nobody has seen there, because the same multi went on to change it or for want of a reader. */
  unseenSets(path: string): number {
    return (this.#doneSets.get(path) ?? []).filter((data) => !this.#dataSeen.has(data)).length;
  }

  /** Paths of known children of a node. */
  childrenOf(parent: string): readonly string[] {
    return this.#children.get(parent) ?? [];
  }

  /** Whether a session may have ended at or before a zxid: it has ended, and did nothing later than that. */
  mayHaveEnded(session: SessionId, zxid: Zxid): boolean {
    const known = this.#history.sessions.get(session);
    if (session === 0n || known === undefined || known.state === 'open') return false;
    if (known.endZxid !== null) return known.endZxid <= zxid;
    return (this.#aliveUntil.get(session) ?? 0) < zxid;
  }

  /** What was asked: data to find lost writes by, and until when sessions were surely alive. */
  #enter(operation: Operation): void {
    const { outcome, session } = operation;
    for (const write of writesOf(operation)) {
      if ('data' in write) {
        const other = this.#writers.get(write.data);
        if (other !== undefined && other !== operation) {
          throw new Error(`two writes have the same data: ${describe(other)} and ${describe(operation)}`);
        }
        this.#writers.set(write.data, operation);
      }
      if (outcome.kind !== 'unknown') continue;
      push(this.#lost, write.path, { operation, write });
      if (write.type === 'create' && write.sequential) this.#lostSequential.push(write.path);
    }
    if (outcome.kind === 'ok' || outcome.kind === 'refused') {
      this.#aliveUntil.set(session, Math.max(this.#aliveUntil.get(session) ?? 0, outcome.zxid));
    }
  }

  /** What others are not shown: deletes, known from their own answer or from another part of the same multi, and sets. */
  #complete(operation: Operation): void {
    const zxid = this.zxidOf(operation);
    if (zxid === null) return;
    const writes = writesOf(operation);
    writes.forEach((write, i) => {
      if (write.type === 'set') push(this.#doneSets, write.path, write.data);
      if (write.type !== 'delete' || !isLast(writes, i)) return;
      this.#put(write.path, { zxid, node: null, operation }, () => describe(operation));
    });
  }

  #see(node: Seen, where: () => string): void {
    const { path, data, mzxid, czxid } = node;
    if (data !== null) this.#dataSeen.add(data);
    if (data !== null && data !== '') this.#prove(node, data, where);
    const operation = data === null ? null : (this.#writers.get(data) ?? null);
    this.#put(path, { zxid: mzxid, node, operation }, where);
    if (czxid !== mzxid && this.#effects.get(path)?.has(czxid) !== true) {
      const first: Seen = { ...node, data: null, version: 0, mzxid: czxid };
      this.#put(path, { zxid: czxid, node: first, operation: null }, where);
    }
  }

  /** Somebody wrote this: it was asked for, was not refused, and happened once. */
  #prove({ path, mzxid }: Seen, data: string, where: () => string): void {
    const writer = this.#writers.get(data);
    if (writer === undefined) {
      this.contradictions.push(`${where()}: ${path} holds "${data}", which nobody wrote`);
      return;
    }
    const { kind } = writer.outcome;
    if (kind === 'refused' || kind === 'not-applied') {
      this.contradictions.push(`${where()}: ${path} holds what was not applied by ${describe(writer)}`);
    } else if (kind === 'unknown') {
      const zxid = this.#proven.get(writer) ?? mzxid;
      this.#proven.set(writer, mzxid);
      if (zxid !== mzxid) {
        this.contradictions.push(
          `${where()}: applied twice, at ${hex(zxid)} and ${hex(mzxid)}: ${describe(writer)}`,
        );
      }
    } else if (kind === 'ok' && writer.outcome.zxid !== mzxid) {
      this.contradictions.push(`${where()}: ${path} was changed at ${hex(mzxid)} by ${describe(writer)}`);
    }
  }

  #put(path: string, effect: Effect, where: () => string): void {
    const effects = this.#effects.get(path) ?? new Map<Zxid, Effect>();
    this.#effects.set(path, effects);
    const known = effects.get(effect.zxid);
    if (known !== undefined && !isSame(known.node, effect.node)) {
      const [before, now] = [known.node, effect.node].map(stateInWords);
      this.contradictions.push(`${where()}: at ${hex(effect.zxid)} ${path} is ${now}, elsewhere ${before}`);
      return;
    }
    if (known === undefined || known.operation === null) effects.set(effect.zxid, effect);
  }
}

/** Whether no later part of a multi changes the same node again. */
function isLast(writes: readonly Write[], index: number): boolean {
  const { path } = writes[index]!;
  return !writes.slice(index + 1).some((later) => later.path === path && later.type !== 'check');
}

/** The nodes that an answer shows as they are after its transaction. */
function nodesSeen(operation: Operation): readonly Seen[] {
  const { outcome } = operation;
  if (outcome.kind !== 'ok') return [];
  const writes = writesOf(operation);
  return outcome.nodes.filter(
    (node, i): node is Seen => node !== null && (writes.length === 0 || isLast(writes, i)),
  );
}

function isSame(one: Seen | null, other: Seen | null): boolean {
  if (one === null || other === null) return one === other;
  return (
    one.version === other.version &&
    one.czxid === other.czxid &&
    one.ephemeralOwner === other.ephemeralOwner &&
    (one.data === null || other.data === null || one.data === other.data)
  );
}

export function stateInWords(node: Seen | null): string {
  if (node === null) return 'gone';
  const { version, mzxid, czxid, data } = node;
  return `version ${version} of ${hex(mzxid)}, created ${hex(czxid)}${data === null ? '' : `, "${data}"`}`;
}

export function hex(zxid: Zxid): string {
  return `0x${zxid.toString(16)}`;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
