import { CreateMode } from '../../wire/create-mode.ts';
import { OPEN_ACL, type Stat } from '../../wire/data.ts';
import { ErrorCode, errorName } from '../../wire/errors.ts';
import { AddWatchMode } from '../../wire/events.ts';
import type { MultiOp, MultiResult } from '../../wire/multi.ts';
import { OpCode } from '../../wire/opcodes.ts';
import type { Action, Outcome, Seen, Write } from '../history/history.ts';
import { bodyOf, type FakeClient, multiResults } from '../kit/fake-client.ts';
import type { RawReply } from '../kit/raw-client.ts';
import type { PlannedOp } from './plan.ts';
import type { WatchKind } from './watch-journal.ts';

/** What a request depends on that is only known when its time has come. */
export interface Asking {
  readonly session: bigint;
  /** Different for every write of a run. */
  nextData(): string;
  /** The version of a node that the client saw last. */
  versionOf(path: string): number;
}

/** A planned operation as it is sent, and what its answer means. */
export interface SimulatedRequest {
  /** For the history; null where that does not judge it. */
  readonly action: Action | null;
  send(client: FakeClient): void;
  outcome(reply: RawReply): Outcome;
  /** The watch that it leaves when it is answered, if it does. */
  watch(reply: RawReply): { readonly watch: WatchKind; readonly path: string } | null;
}

const TTL_MS = 3_000;

function seen(path: string, stat: Stat, data: string | null): Seen {
  const { version, czxid, mzxid, ephemeralOwner } = stat;
  return { path, data, version, czxid, mzxid, ephemeralOwner };
}

/** The write in the history's terms, and as a part of a multi. */
function writeOf(op: PlannedOp, asking: Asking): { readonly write: Write; readonly part: MultiOp } {
  const version = 'isVersioned' in op && op.isVersioned ? asking.versionOf(op.path) : -1;
  switch (op.type) {
    case 'create': {
      const { path, ephemeral, sequential } = op;
      const data = asking.nextData();
      const flags =
        (ephemeral ? CreateMode.ephemeral : 0) + (sequential ? CreateMode['persistent-sequential'] : 0);
      return {
        write: { type: 'create', path, data, ephemeral, sequential },
        part: {
          type: OpCode.create,
          body: { path, data: Buffer.from(data), acl: [...OPEN_ACL], flags },
        },
      };
    }
    case 'set': {
      const { path } = op;
      const data = asking.nextData();
      return {
        write: { type: 'set', path, data, version },
        part: { type: OpCode.setData, body: { path, data: Buffer.from(data), version } },
      };
    }
    case 'delete':
      return {
        write: { type: 'delete', path: op.path, version },
        part: { type: OpCode.delete, body: { path: op.path, version } },
      };
    case 'check':
      return {
        write: { type: 'check', path: op.path, version },
        part: { type: OpCode.check, body: { path: op.path, version } },
      };
    default:
      throw new Error(`${op.type} is no write`);
  }
}

/** The node as a write leaves it, from what the answer says. */
function written(
  write: Write,
  asking: Asking,
  zxid: number,
  told: { path?: string; stat?: Stat },
): Seen | null {
  if (write.type === 'set') return seen(write.path, told.stat!, write.data);
  if (write.type !== 'create') return null;
  const ephemeralOwner = write.ephemeral ? asking.session : 0n;
  return { path: told.path!, data: write.data, version: 0, czxid: zxid, mzxid: zxid, ephemeralOwner };
}

const refused = ({ zxid, err }: RawReply): Outcome => ({ kind: 'refused', zxid, code: errorName(err) });
const noWatch = (): null => null;

function single(op: PlannedOp, asking: Asking): SimulatedRequest {
  const { write, part } = writeOf(op, asking);
  return {
    action: write,
    send: (client) => client.send(part.type, part.body as never),
    outcome(reply) {
      const { zxid, err } = reply;
      if (err !== 0) return refused(reply);
      const told =
        write.type === 'create'
          ? { path: bodyOf(OpCode.create, reply).path }
          : write.type === 'set'
            ? { stat: bodyOf(OpCode.setData, reply).stat }
            : {};
      return { kind: 'ok', zxid, nodes: [written(write, asking, zxid, told)] };
    },
    watch: noWatch,
  };
}

function multi(ops: readonly PlannedOp[], asking: Asking): SimulatedRequest {
  const parts = ops.map((op) => writeOf(op, asking));
  const told = (result: MultiResult): { path?: string; stat?: Stat } => {
    if (result.type === OpCode.create) return { path: result.body.path };
    return result.type === OpCode.setData ? { stat: result.body.stat } : {};
  };
  return {
    action: { type: 'multi', writes: parts.map(({ write }) => write) },
    send: (client) => client.sendMulti(parts.map(({ part }) => part)),
    outcome(reply) {
      if (reply.err !== 0) return refused(reply);
      const results = multiResults(reply);
      for (const result of results) {
        if (result.type !== OpCode.error || result.body.err === ErrorCode.Ok) continue;
        return { kind: 'refused', zxid: reply.zxid, code: errorName(result.body.err) };
      }
      const nodes = parts.map(({ write }, i) => written(write, asking, reply.zxid, told(results[i]!)));
      return { kind: 'ok', zxid: reply.zxid, nodes };
    },
    watch: noWatch,
  };
}

function read(op: Extract<PlannedOp, { type: 'get' | 'exists' | 'children' }>): SimulatedRequest {
  const { type, path, watch } = op;
  const opCode = { get: OpCode.getData, exists: OpCode.exists, children: OpCode.getChildren }[type];
  return {
    action: { type, path },
    send: (client) => client.send(opCode, { path, watch }),
    outcome(reply) {
      const { zxid, err } = reply;
      if (err === ErrorCode.NoNode) return { kind: 'ok', zxid, nodes: [null] };
      if (err !== 0) return refused(reply);
      if (type === 'exists') {
        return { kind: 'ok', zxid, nodes: [seen(path, bodyOf(OpCode.exists, reply).stat, null)] };
      }
      if (type === 'children') {
        return { kind: 'ok', zxid, nodes: [], children: bodyOf(OpCode.getChildren, reply).children ?? [] };
      }
      const { stat, data } = bodyOf(OpCode.getData, reply);
      return { kind: 'ok', zxid, nodes: [seen(path, stat, Buffer.from(data ?? []).toString())] };
    },
    watch({ err }) {
      if (!watch) return null;
      if (err === 0) return { watch: type === 'children' ? 'child' : 'data', path };
      return err === ErrorCode.NoNode && type === 'exists' ? { watch: 'exists', path } : null;
    },
  };
}

const unjudged = (
  send: SimulatedRequest['send'],
  watch: SimulatedRequest['watch'] = noWatch,
): SimulatedRequest => ({ action: null, send, outcome: () => ({ kind: 'unknown' }), watch });

/** Fills in what is only known now. */
export function requestOf(op: PlannedOp, asking: Asking): SimulatedRequest {
  switch (op.type) {
    case 'create':
    case 'set':
    case 'delete':
    case 'check':
      return single(op, asking);
    case 'multi':
      return multi(op.parts, asking);
    case 'get':
    case 'exists':
    case 'children':
      return read(op);
    case 'sync':
      return {
        action: { type: 'sync', path: op.path },
        send: (client) => client.send(OpCode.sync, { path: op.path }),
        outcome: (reply) => (reply.err === 0 ? { kind: 'ok', zxid: reply.zxid, nodes: [] } : refused(reply)),
        watch: noWatch,
      };
    case 'addWatch': {
      const { path, isRecursive } = op;
      const mode = isRecursive ? AddWatchMode.persistentRecursive : AddWatchMode.persistent;
      return unjudged(
        (client) => client.send(OpCode.addWatch, { path, mode }),
        ({ err }) => (err === 0 ? { watch: isRecursive ? 'recursive' : 'persistent', path } : null),
      );
    }
    case 'createContainer': {
      const body = { path: op.path, data: null, acl: [...OPEN_ACL], flags: CreateMode.container };
      return unjudged((client) => client.send(OpCode.createContainer, body));
    }
    case 'createTtl': {
      const flags = CreateMode['persistent-with-ttl'];
      const body = { path: op.path, data: null, acl: [...OPEN_ACL], flags, ttl: TTL_MS };
      return unjudged((client) => client.send(OpCode.createTTL, body));
    }
  }
}
