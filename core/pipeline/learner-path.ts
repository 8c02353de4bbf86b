import { ByteWriter } from '../../wire/bytes.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { type QuorumPacket, QuorumPacketType, writeForwardedRequest } from '../../wire/quorum.ts';
import type { LoggedTxn } from '../../wire/txn.ts';
import type { DataTree } from '../tree/tree.ts';
import type { Connection } from './connection.ts';
import type { ClientRequest, Committed, WritePath } from './write-path.ts';

/** Session id, cxid and opcode, before the request's record. */
const FORWARDED_HEAD_BYTES = 16;

/**
 * A learner's write path: writes and syncs go to the leader as they come, and come back as committed transactions and as answers
 * to syncs, all in one order (FollowerRequestProcessor, ObserverRequestProcessor).
 */
export class LearnerPath implements WritePath {
  readonly forwardsSyncs = true;
  readonly #tree: DataTree;
  readonly #committed: Committed;
  readonly #forward: (packet: QuorumPacket) => void;
  /** Connections that wait for the answer to a sync, in the order in which the syncs went out. */
  readonly #pendingSyncs: Connection[] = [];

  constructor(tree: DataTree, committed: Committed, forward: (packet: QuorumPacket) => void) {
    this.#tree = tree;
    this.#committed = committed;
    this.#forward = forward;
  }

  get lastProposed(): number {
    return this.#tree.lastProcessedZxid;
  }

  get lastCommitted(): number {
    return this.#tree.lastProcessedZxid;
  }

  /** Throws nothing: the leader judges what can be read. */
  submit(request: ClientRequest): void {
    const { sessionId, xid, type, bytes, start, end, ids, origin } = request;
    const writer = new ByteWriter(FORWARDED_HEAD_BYTES + end - start);
    writeForwardedRequest(writer, { sessionId, cxid: xid, type, body: bytes.subarray(start, end) });
    const data = writer.bytes.subarray(0, writer.pos);
    this.#forward({ type: QuorumPacketType.REQUEST, zxid: -1, data, authinfo: ids });
    if (type === OpCode.sync && origin !== null) this.#pendingSyncs.push(origin);
  }

  /** The leader has committed the next transaction. */
  commit(logged: LoggedTxn): void {
    this.#committed.committed(logged, null, this.#tree.apply(logged));
  }

  /** The leader has answered the oldest sync. */
  synced(): void {
    const connection = this.#pendingSyncs.shift();
    if (connection !== undefined) this.#committed.synced(connection);
  }
}
