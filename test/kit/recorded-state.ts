import type { RecoverySink, SnapshotSource, ZxidDigest } from '../../core/storage/contract.ts';
import { writeSnapshotNode } from '../../core/storage/snapshot-format.ts';
import type { ByteWriter } from '../../wire/bytes.ts';
import type { Acl } from '../../wire/data.ts';
import type { LoggedTxn } from '../../wire/txn.ts';

export interface RecordedNode {
  readonly path: string;
  readonly data: Buffer | null;
  readonly aclId: number;
  readonly stat: Buffer;
}

/** Keeps everything that recovery hands over, as copies, in order. */
export class RecordedState implements RecoverySink {
  sessions: [bigint, number][] = [];
  acls: [number, Acl[]][] = [];
  nodes: RecordedNode[] = [];
  txns: { logged: LoggedTxn; bytes: Buffer }[] = [];
  snapshot: { zxid: number; digest: ZxidDigest | null } | null = null;
  resets = 0;

  reset(): void {
    this.sessions = [];
    this.acls = [];
    this.nodes = [];
    this.txns = [];
    this.snapshot = null;
    this.resets += 1;
  }

  session(id: bigint, timeoutMs: number): void {
    this.sessions.push([id, timeoutMs]);
  }

  acl(id: number, acl: Acl[]): void {
    this.acls.push([id, acl]);
  }

  node(path: Buffer, data: Buffer | null, aclId: number, stat: Buffer): void {
    this.nodes.push({
      path: path.toString('utf8'),
      data: data === null ? null : Buffer.from(data),
      aclId,
      stat: Buffer.from(stat),
    });
  }

  snapshotLoaded(zxid: number, digest: ZxidDigest | null): void {
    this.snapshot = { zxid, digest };
  }

  txn(logged: LoggedTxn, bytes: Buffer): void {
    this.txns.push({ logged, bytes: Buffer.from(bytes) });
  }

  get zxids(): number[] {
    return this.txns.map(({ logged }) => logged.header.zxid);
  }
}

/** A state that does not change, to be written as a snapshot. */
export class FixedSource implements SnapshotSource {
  readonly zxid: number;
  readonly #state: Pick<RecordedState, 'sessions' | 'acls' | 'nodes'>;
  readonly #digest: ZxidDigest | null;
  #next = 0;
  closed = 0;

  constructor(
    zxid: number,
    state: Pick<RecordedState, 'sessions' | 'acls' | 'nodes'>,
    digest: ZxidDigest | null,
  ) {
    this.zxid = zxid;
    this.#state = state;
    this.#digest = digest;
  }

  sessions(): Iterable<readonly [bigint, number]> {
    return this.#state.sessions;
  }

  acls(): Iterable<readonly [number, readonly Acl[]]> {
    return this.#state.acls;
  }

  writeNodes(writer: ByteWriter, bytesGoal: number): boolean {
    const { nodes } = this.#state;
    while (writer.pos < bytesGoal && this.#next < nodes.length) {
      const node = nodes[this.#next++] as RecordedNode;
      writeSnapshotNode(writer, node.path, node.data, node.aclId, node.stat);
    }
    return this.#next < nodes.length;
  }

  digest(): ZxidDigest | null {
    return this.#digest;
  }

  close(): void {
    this.closed += 1;
  }
}
