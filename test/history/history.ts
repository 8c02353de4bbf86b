import type { SessionId, Zxid } from '../../wire/ids.ts';

/**
 * What clients of an ensemble asked and were told, seen from outside, for checks afterwards. The checkers identify a write whose
 * answer was lost by what it wrote: in one history no two writes may have the same data.
 */

/** What one write asked for. `version` -1 stands for any. */
export type Write =
  | {
      readonly type: 'create';
      /** What was asked for; the name given is in the outcome. */
      readonly path: string;
      readonly data: string;
      readonly ephemeral: boolean;
      readonly sequential: boolean;
    }
  | { readonly type: 'set'; readonly path: string; readonly data: string; readonly version: number }
  | { readonly type: 'delete'; readonly path: string; readonly version: number }
  /** Only as a part of a multi. */
  | { readonly type: 'check'; readonly path: string; readonly version: number };

export type Action =
  | Write
  | { readonly type: 'multi'; readonly writes: readonly Write[] }
  | { readonly type: 'get' | 'exists' | 'children' | 'sync'; readonly path: string };

/** A node as an answer shows it. */
export interface Seen {
  readonly path: string;
  /** For a write: what it wrote. Null where the answer does not tell: `exists`, and `children` with its Stat. */
  readonly data: string | null;
  readonly version: number;
  readonly czxid: Zxid;
  readonly mzxid: Zxid;
  /** 0 where the node is not ephemeral. */
  readonly ephemeralOwner: SessionId;
}

export type Outcome =
  | {
      readonly kind: 'ok';
      /** Of the answer's header: the write's own, or that up to which the server had applied when it read. */
      readonly zxid: Zxid;
      /** One a write, or the one that was read; null: a delete or check, or that there is no such node (`NoNode` of a read). */
      readonly nodes: readonly (Seen | null)[];
      /** Names, where children were asked for and the node is there. */
      readonly children?: readonly string[];
    }
  /** The server answered with an error (a read's `NoNode` counts as ok). It takes a place in the order too. */
  | { readonly kind: 'refused'; readonly zxid: Zxid; readonly code: string }
  /** No answer came: done once or not at all. */
  | { readonly kind: 'unknown' }
  /** Never sent, or surely without effect. */
  | { readonly kind: 'not-applied' };

export interface Operation {
  /** Place in the history; in one session, operations are sent in this order. */
  readonly index: number;
  readonly session: SessionId;
  readonly action: Action;
  /** On one monotonic clock for all clients. */
  readonly invokedMs: number;
  /** Infinity while there is no outcome, and for ever where it is unknown. */
  readonly answeredMs: number;
  /** Who answered; null where nobody did. */
  readonly server: string | null;
  /** `unknown` while there is none. */
  readonly outcome: Outcome;
}

/** A session as its client knows it. */
export interface Session {
  readonly id: SessionId;
  /**
   * `open`: may go on. `closed`: the server said that it is closed. `ended`: it will surely have expired by the time of the last
   * look, because its client has stopped using it for long enough, was told that it is gone, or asked for its end in vain.
   */
  readonly state: 'open' | 'closed' | 'ended';
  /** Of the closing, if known: from there on its ephemeral nodes are gone. */
  readonly endZxid: Zxid | null;
}

/** All nodes that one server showed when everything had come to rest, by path. */
export type Tree = ReadonlyMap<string, Seen>;

export interface History {
  readonly operations: readonly Operation[];
  readonly sessions: ReadonlyMap<SessionId, Session>;
  /** The last look at each server. */
  readonly trees: ReadonlyMap<string, Tree>;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Takes a history down while it happens. */
export class Recorder implements History {
  readonly operations: Mutable<Operation>[] = [];
  readonly sessions = new Map<SessionId, Session>();
  readonly trees = new Map<string, Tree>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  opened(id: SessionId): void {
    this.sessions.set(id, { id, state: 'open', endZxid: null });
  }

  ended(id: SessionId, state: 'closed' | 'ended', endZxid: Zxid | null = null): void {
    this.sessions.set(id, { id, state, endZxid });
  }

  /** An operation is about to be sent. */
  invoke(session: SessionId, action: Action): Operation {
    const operation: Operation = {
      index: this.operations.length,
      session,
      action,
      invokedMs: this.#nowMs(),
      answeredMs: Number.POSITIVE_INFINITY,
      server: null,
      outcome: { kind: 'unknown' },
    };
    this.operations.push(operation);
    return operation;
  }

  /** Its answer came (`answeredMs` if that was earlier than now), or it is clear that none will. */
  settle({ index }: Operation, outcome: Outcome, server: string | null, answeredMs = this.#nowMs()): void {
    const operation = this.operations[index]!;
    operation.outcome = outcome;
    operation.server = server;
    if (outcome.kind === 'ok' || outcome.kind === 'refused') operation.answeredMs = answeredMs;
  }
}

/** The writes that an operation consists of; none for a read. */
export function writesOf({ action }: Operation): readonly Write[] {
  switch (action.type) {
    case 'multi':
      return action.writes;
    case 'create':
    case 'set':
    case 'delete':
    case 'check':
      return [action];
    default:
      return [];
  }
}

/** One operation in words, for reports. */
export function describe(operation: Operation): string {
  const { index, session, action, server, outcome } = operation;
  const what =
    action.type === 'multi'
      ? `multi [${action.writes.map(wordsOf).join(', ')}]`
      : action.type === 'create' ||
          action.type === 'set' ||
          action.type === 'delete' ||
          action.type === 'check'
        ? wordsOf(action)
        : `${action.type} ${action.path}`;
  const zxid = 'zxid' in outcome ? ` at 0x${outcome.zxid.toString(16)}` : '';
  const code = outcome.kind === 'refused' ? ` ${outcome.code}` : '';
  const where = server === null ? '' : ` by ${server}`;
  return `#${index} ${what} (session 0x${session.toString(16)}${where}: ${outcome.kind}${code}${zxid})`;
}

function wordsOf(write: Write): string {
  const data = 'data' in write ? ` "${write.data}"` : '';
  const version = 'version' in write && write.version !== -1 ? ` if version ${write.version}` : '';
  const mode = write.type === 'create' && write.ephemeral ? ' ephemeral' : '';
  return `${write.type}${mode} ${write.path}${data}${version}`;
}
