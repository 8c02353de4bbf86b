import { ByteWriter } from '../../wire/bytes.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { type QuorumPacket, QuorumPacketType, writeForwardedRequest } from '../../wire/quorum.ts';
import type { LoggedTxn } from '../../wire/txn.ts';
import { Fifo } from '../fifo.ts';
import type { DataTree } from '../tree/tree.ts';
import type { Connection } from './connection.ts';
import type { ClientRequest, Committed, WritePath } from './write-path.ts';

/** More than most requests have; a longer one makes the buffer grow, and the next one starts anew. */
const ENCODER_BYTES = 64 * 1024;

/**
 * A learner's write path: writes and syncs go to the leader as they come, and come back as committed transactions and as answers
 * to syncs, all in one order (FollowerRequestProcessor, ObserverRequestProcessor).
 */
export class LearnerPath implements WritePath {
  readonly forwardsSyncs = true;
  readonly #tree: DataTree;
  readonly #committed: Committed;
  readonly #lastLogged: () => number;
  readonly #forward: (packet: QuorumPacket) => void;
  /** Connections that wait for the answer to a sync, in the order in which the syncs went out. */
  readonly #pendingSyncs = new Fifo<Connection>();
  /** Forwarded requests are encoded in it one after the other: `forward` copies them. */
  readonly #encoder = new ByteWriter(ENCODER_BYTES);

  /** `lastLogged`: last transaction in the log. `forward` sends a packet to the leader, and keeps nothing of it. */
  constructor(
    tree: DataTree,
    committed: Committed,
    lastLogged: () => number,
    forward: (packet: QuorumPacket) => void,
  ) {
    this.#tree = tree;
    this.#committed = committed;
    this.#lastLogged = lastLogged;
    this.#forward = forward;
  }

  /** A follower logs what is proposed as it comes; an observer hears of it when it is committed. */
  get lastProposed(): number {
    return Math.max(this.#lastLogged(), this.#tree.lastProcessedZxid);
  }

  get lastCommitted(): number {
    return this.#tree.lastProcessedZxid;
  }

  /** Throws nothing: the leader judges what can be read. */
  submit(request: ClientRequest): void {
    const { sessionId, xid, type, bytes, start, end, ids, origin } = request;
    const encoder = this.#encoder;
    if (encoder.bytes.length > ENCODER_BYTES) encoder.renew(ENCODER_BYTES);
    encoder.pos = 0;
    writeForwardedRequest(encoder, { sessionId, cxid: xid, type, body: bytes.subarray(start, end) });
    this.#forward({ type: QuorumPacketType.REQUEST, zxid: -1, data: encoder.view(), authinfo: ids });
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
