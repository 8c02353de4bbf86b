import type { ErrorCode } from '../../wire/errors.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { NO_NODE, type NodeId } from './node-id.ts';

/**
 * What applying one operation came to. The Stat that is answered is that of `node` as long as nothing else is applied; parts of
 * a multi have it in `stat`, in wire form, as it was right after them.
 */
export interface Applied {
  readonly type: number;
  readonly err: ErrorCode;
  readonly path: string;
  /** The node whose Stat is answered; NO_NODE where none is. */
  readonly node: NodeId;
  stat: Buffer | null;
  /** The results of a multi's operations, in order; null for everything else. */
  readonly parts: readonly Applied[] | null;
}

/** What the preparation of a transaction knows of a node that the transaction creates or changes. */
export interface PreparedNode {
  /** The node; NO_NODE if there was none in the tree when the transaction was prepared. */
  readonly node: NodeId;
  /** Its digest after the transaction. */
  readonly digest: number;
}

/** The transaction that is applied next, as it was prepared on this server. */
export interface PreparedTxn {
  /** Null for a node that the transaction does not change. */
  prepared(path: string): PreparedNode | null;
}

/** The result of one operation, of which the Stat of `node` is answered if there is one. */
export function result(type: number, err: ErrorCode, path: string, node: NodeId = NO_NODE): Applied {
  return { type, err, path, node, stat: null, parts: null };
}

export function failure(err: ErrorCode): Applied {
  return result(OpCode.error, err, '');
}
