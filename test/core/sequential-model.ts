import { ErrorCode } from '../../wire/errors.ts';
import { EventType } from '../../wire/events.ts';
import type { MultiOp } from '../../wire/multi.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { parentOf, sequenceSuffix } from '../../wire/path.ts';

export interface ModelStat {
  czxid: number;
  mzxid: number;
  pzxid: number;
  version: number;
  /** As shown: creations and deletions of children. */
  cversion: number;
  owner: bigint;
  dataLength: number;
  numChildren: number;
}

interface ModelNode {
  data: string;
  czxid: number;
  mzxid: number;
  pzxid: number;
  version: number;
  creations: number;
  owner: bigint;
  children: Set<string>;
}

export interface ModelResult {
  readonly err: number;
  readonly path?: string;
  readonly stat?: ModelStat;
}

/** What a change tells those who watch. `told` is one client's memory within one deletion. */
export interface Firing {
  readonly table: 'data' | 'child';
  readonly type: number;
  readonly path: string;
  /** The same deletion told those who watched the data already. */
  readonly exceptTold: boolean;
}

const ok = ErrorCode.Ok;

/**
 * ZooKeeper as the plainest program there could be: one request after the other on a map. No pending view, no log, no watch
 * tables, no ACLs. What it answers is what a server must answer whose transactions stand in the same order.
 */
export class SequentialModel {
  #nodes = new Map<string, ModelNode>();

  constructor() {
    const at = { data: '', czxid: 0, mzxid: 0, pzxid: 0, version: 0, creations: 0, owner: 0n };
    this.#nodes.set('/', { ...at, children: new Set(['/zookeeper']) });
    this.#nodes.set('/zookeeper', { ...at, children: new Set(['/zookeeper/quota', '/zookeeper/config']) });
  }

  stat(path: string): ModelStat | undefined {
    const node = this.#nodes.get(path);
    if (node === undefined) return undefined;
    const { czxid, mzxid, pzxid, version, creations, owner, data, children } = node;
    const numChildren = children.size;
    const cversion = creations * 2 - numChildren;
    return { czxid, mzxid, pzxid, version, cversion, owner, dataLength: data.length / 2, numChildren };
  }

  data(path: string): string | undefined {
    return this.#nodes.get(path)?.data;
  }

  children(path: string): string[] {
    return [...(this.#nodes.get(path)?.children ?? [])].map((child) =>
      child.slice(child.lastIndexOf('/') + 1),
    );
  }

  one(op: MultiOp, zxid: number, session: bigint, fired: Firing[]): ModelResult {
    switch (op.type) {
      case OpCode.create:
      case OpCode.create2:
        return this.#create(op.body.path, hex(op.body.data), op.body.flags, op.type, zxid, session, fired);
      case OpCode.delete:
        return this.#delete(op.body.path, op.body.version, zxid, fired);
      case OpCode.setData:
        return this.#setData(op.body.path, hex(op.body.data), op.body.version, zxid, fired);
      case OpCode.check:
        return { err: ErrorCode.Unimplemented };
      default:
        throw new Error(`the model knows no operation ${op.type}`);
    }
  }

  /** All or nothing. Codes as ZooKeeper has them: 0 before the one that failed, RuntimeInconsistency after it. */
  multi(ops: readonly MultiOp[], zxid: number, session: bigint, fired: Firing[]): ModelResult[] {
    const before = new Map(
      [...this.#nodes].map(([path, node]) => [path, { ...node, children: new Set(node.children) }]),
    );
    const told: Firing[] = [];
    const results: ModelResult[] = [];
    for (const [index, op] of ops.entries()) {
      const result = this.#part(op, zxid, session, told);
      if (result.err !== ok) {
        this.#nodes = before;
        return ops.map((_, at) => ({
          err: at < index ? ok : at === index ? result.err : ErrorCode.RuntimeInconsistency,
        }));
      }
      results.push(result);
    }
    fired.push(...told);
    return results;
  }

  /** Within a multi there are checks, and no kind of creation answers with a Stat unless it makes a container. */
  #part(op: MultiOp, zxid: number, session: bigint, fired: Firing[]): ModelResult {
    if (op.type === OpCode.check) return this.#judge(op.body.path, op.body.version) ?? { err: ok };
    const { err, path, stat } = this.one(op, zxid, session, fired);
    if (path !== undefined) return { err, path };
    return stat === undefined ? { err } : { err, stat };
  }

  closeSession(session: bigint, zxid: number, fired: Firing[]): void {
    for (const [path, node] of [...this.#nodes]) {
      if (node.owner === session) this.#delete(path, -1, zxid, fired);
    }
  }

  #create(
    wanted: string,
    data: string,
    flags: number,
    type: number,
    zxid: number,
    session: bigint,
    fired: Firing[],
  ): ModelResult {
    const parentPath = parentOf(wanted);
    const parent = this.#nodes.get(parentPath);
    if (parent === undefined) return { err: ErrorCode.NoNode };
    const path = flags >= 2 ? wanted + sequenceSuffix(parent.creations) : wanted;
    if (this.#nodes.has(path)) return { err: ErrorCode.NodeExists };
    if (parent.owner !== 0n) return { err: ErrorCode.NoChildrenForEphemerals };
    const owner = flags === 1 || flags === 3 ? session : 0n;
    const at = { czxid: zxid, mzxid: zxid, pzxid: zxid, version: 0, creations: 0, owner };
    this.#nodes.set(path, { data, ...at, children: new Set() });
    parent.children.add(path);
    parent.creations += 1;
    parent.pzxid = zxid;
    fired.push({ table: 'data', type: EventType.NodeCreated, path, exceptTold: false });
    fired.push({ table: 'child', type: EventType.NodeChildrenChanged, path: parentPath, exceptTold: false });
    return type === OpCode.create ? { err: ok, path } : { err: ok, path, stat: this.stat(path)! };
  }

  #delete(path: string, version: number, zxid: number, fired: Firing[]): ModelResult {
    const parentPath = parentOf(path);
    const parent = this.#nodes.get(parentPath);
    if (parent === undefined) return { err: ErrorCode.NoNode };
    const refused = this.#judge(path, version);
    if (refused !== undefined) return refused;
    if (this.#nodes.get(path)!.children.size > 0) return { err: ErrorCode.NotEmpty };
    this.#nodes.delete(path);
    parent.children.delete(path);
    parent.pzxid = zxid;
    fired.push({ table: 'data', type: EventType.NodeDeleted, path, exceptTold: false });
    fired.push({ table: 'child', type: EventType.NodeDeleted, path, exceptTold: true });
    fired.push({ table: 'child', type: EventType.NodeChildrenChanged, path: parentPath, exceptTold: false });
    return { err: ok };
  }

  #setData(path: string, data: string, version: number, zxid: number, fired: Firing[]): ModelResult {
    const refused = this.#judge(path, version);
    if (refused !== undefined) return refused;
    const node = this.#nodes.get(path)!;
    node.data = data;
    node.version += 1;
    node.mzxid = zxid;
    fired.push({ table: 'data', type: EventType.NodeDataChanged, path, exceptTold: false });
    return { err: ok, stat: this.stat(path)! };
  }

  #judge(path: string, version: number): ModelResult | undefined {
    const node = this.#nodes.get(path);
    if (node === undefined) return { err: ErrorCode.NoNode };
    return version === -1 || version === node.version ? undefined : { err: ErrorCode.BadVersion };
  }
}

/** One client's watches, as sets. */
export class ModelWatches {
  readonly data = new Set<string>();
  readonly child = new Set<string>();
  readonly persistent = new Set<string>();
  readonly recursive = new Set<string>();

  /** Which of the firings of one transaction this client hears, in their order. */
  hear(fired: readonly Firing[]): { type: number; path: string }[] {
    const heard: { type: number; path: string }[] = [];
    let told = false;
    for (const { table, type, path, exceptTold } of fired) {
      const hears = table === 'data' ? this.#hearsData(path) : this.#hearsChild(path);
      if (hears && !(exceptTold && told)) heard.push({ type, path });
      told = table === 'data' && hears;
    }
    return heard;
  }

  #hearsData(path: string): boolean {
    const isSpent = this.data.delete(path);
    return isSpent || this.persistent.has(path) || this.#isBelowRecursive(path);
  }

  #hearsChild(path: string): boolean {
    const isSpent = this.child.delete(path);
    return isSpent || this.persistent.has(path);
  }

  #isBelowRecursive(path: string): boolean {
    for (let at = path; ; at = parentOf(at)) {
      if (this.recursive.has(at)) return true;
      if (at === '/') return false;
    }
  }
}

export function hex(data: Uint8Array | null): string {
  return Buffer.from(data ?? []).toString('hex');
}
