import { OpCode } from '../../wire/opcodes.ts';
import type { Operation, Recorder } from '../history/history.ts';
import { FakeClient } from '../kit/fake-client.ts';
import type { RawReply } from '../kit/raw-client.ts';
import type { SimulatedCluster } from './cluster.ts';
import type { SimulatedMember } from './member.ts';
import type { PlannedOp, RunOptions } from './plan.ts';
import { requestOf, type SimulatedRequest } from './requests.ts';
import type { WatchJournal } from './watch-journal.ts';
import { WatchTable } from './watch-table.ts';

/** A session, on whatever connection. */
interface OpenSession {
  readonly id: bigint;
  readonly password: Uint8Array;
  lastZxid: number;
  nextXid: number;
  readonly watches: WatchTable;
  readonly journal: WatchJournal;
  readonly versions: Map<string, number>;
}

interface Connection {
  readonly link: FakeClient;
  readonly server: SimulatedMember;
  /** What it is answered, in order. */
  readonly asked: ((reply: RawReply) => void)[];
  phase: 'opening' | 'open' | 'closing';
}

const RETRY_MS = 150;
/** A connection that answers nothing for this part of the session's timeout is given up for another. */
const SILENCE_PARTS = 2;
const PIPELINE_MAX = 8;

/** One client of a simulated cluster: goes from server to server with its session, and everything it learns is taken down. */
export class SimClient {
  readonly index: number;
  readonly journals: WatchJournal[] = [];
  readonly #cluster: SimulatedCluster;
  readonly #history: Recorder;
  readonly #timeoutMs: number;
  readonly #padding: string;
  #session: OpenSession | null = null;
  #connection: Connection | null = null;
  #nextServer: number;
  #retryAtMs = 0;
  #heardMs = 0;
  #spokeMs = 0;
  #dataCount = 0;
  /** Sessions of this client that the cluster has ended by itself. */
  expired = 0;

  constructor(
    index: number,
    cluster: SimulatedCluster,
    history: Recorder,
    { sessionTimeoutMs, dataBytes }: Pick<RunOptions, 'sessionTimeoutMs' | 'dataBytes'>,
  ) {
    this.index = index;
    this.#padding = 'x'.repeat(dataBytes);
    this.#cluster = cluster;
    this.#history = history;
    this.#timeoutMs = sessionTimeoutMs;
    this.#nextServer = index;
  }

  get isIdle(): boolean {
    return this.#connection?.phase === 'open' && this.#connection.link.awaited === 0;
  }

  /** The server that it is connected to. */
  get server(): SimulatedMember | null {
    return this.#connection?.server ?? null;
  }

  // -- What the plan says ----------------------------------------------------------------------------------------------------

  ask(op: PlannedOp): void {
    const session = this.#session;
    const connection = this.#connection;
    if (connection === null || session === null || connection.phase !== 'open') return;
    if (connection.link.isClosed || connection.asked.length >= PIPELINE_MAX) return;
    const request = requestOf(op, {
      session: session.id,
      nextData: () => `${this.index}.${++this.#dataCount}${this.#padding}`,
      versionOf: (path) => session.versions.get(path) ?? 0,
    });
    const operation = request.action === null ? null : this.#history.invoke(session.id, request.action);
    const server = `server ${connection.server.id}`;
    this.#send(connection, request.send, (reply) =>
      this.#answered(session, request, operation, reply, server),
    );
  }

  /** Goes on at another server; the old connection breaks, or stays without being listened to. */
  move(server: SimulatedMember, isDropped: boolean): void {
    if (isDropped) this.#connection?.link.drop();
    this.#connection = null;
    this.#connect(server);
  }

  drop(): void {
    this.#connection?.link.drop();
    this.#connection = null;
    this.#retryAtMs = this.#cluster.time.nowMs + RETRY_MS;
  }

  close(): void {
    const session = this.#session;
    const connection = this.#connection;
    if (session === null || connection === null || connection.phase !== 'open') return;
    // Without an answer it is gone too: nobody uses it any more.
    this.#history.ended(session.id, 'ended');
    this.#send(
      connection,
      (client) => client.send(OpCode.closeSession, null),
      ({ err, zxid }) => {
        if (err === 0) this.#history.ended(session.id, 'closed', zxid);
      },
    );
    this.#session = null;
    connection.phase = 'closing';
  }

  /** Leaves its session without a word, and goes on with a new one. */
  silence(): void {
    this.#endSession();
    this.drop();
  }

  #endSession(): void {
    if (this.#session !== null) this.#history.ended(this.#session.id, 'ended');
    this.#session = null;
  }

  // -- Connections -----------------------------------------------------------------------------------------------------------

  #connect(server: SimulatedMember): void {
    const session = this.#session;
    this.#retryAtMs = this.#cluster.time.nowMs + RETRY_MS;
    const link = new FakeClient(server);
    if (!link.isAccepted) return;
    this.#heardMs = this.#spokeMs = this.#cluster.time.nowMs;
    this.#connection = { link, server, asked: [], phase: 'opening' };
    if (session === null) link.handshake({ timeoutMs: this.#timeoutMs });
    else {
      link.lastZxid = session.lastZxid;
      link.nextXid = session.nextXid;
      link.handshake({
        timeoutMs: this.#timeoutMs,
        sessionId: session.id,
        password: session.password,
        lastZxidSeen: session.lastZxid,
      });
    }
  }

  /** To be called after each step: takes what has come, and keeps the session alive. */
  poll(): void {
    const connection = this.#connection;
    const { nowMs } = this.#cluster.time;
    if (connection === null) {
      if (nowMs >= this.#retryAtMs) this.#connectNext();
      return;
    }
    const { link } = connection;
    if (connection.phase === 'opening' && link.response !== null) this.#opened(connection);
    if (link.incoming.length > 0) this.#take(connection);
    if (this.#connection !== connection) return;
    if (link.isClosed) {
      this.#connection = null;
      this.#retryAtMs = nowMs + RETRY_MS;
    } else if (nowMs - this.#heardMs > this.#timeoutMs / SILENCE_PARTS) this.drop();
    else if (connection.phase === 'open' && nowMs - this.#spokeMs > this.#timeoutMs / 4) {
      this.#send(
        connection,
        (client) => client.send(OpCode.ping, null),
        () => {},
      );
    }
  }

  #connectNext(): void {
    const { members } = this.#cluster;
    this.#nextServer = (this.#nextServer + 1) % members.length;
    this.#connect(members[this.#nextServer]!);
  }

  #opened(connection: Connection): void {
    const { link } = connection;
    this.#heardMs = this.#cluster.time.nowMs;
    if (link.sessionId === 0n) {
      this.expired++;
      this.#endSession();
      this.#connection = null;
      return;
    }
    connection.phase = 'open';
    const session = this.#session;
    if (session === null) this.#begin(link);
    else {
      session.journal.entries.push({ kind: 'moved', seenZxid: session.lastZxid });
      if (session.watches.isEmpty) return;
      this.#send(
        connection,
        (client) => session.watches.sendAgain(client, session.lastZxid),
        ({ err, zxid }) => {
          // Nothing more is taken down of a session that its client is closing.
          const isOver = this.#session !== session;
          if (err === 0 && !isOver) session.journal.entries.push({ kind: 'rearmed', zxid });
        },
      );
    }
  }

  #begin({ sessionId: id, password }: FakeClient): void {
    const journal: WatchJournal = { session: id, entries: [] };
    this.journals.push(journal);
    this.#session = {
      id,
      password,
      lastZxid: 0,
      nextXid: 1,
      watches: new WatchTable(),
      journal,
      versions: new Map(),
    };
    this.#history.opened(id);
  }

  #send(
    connection: Connection,
    send: (client: FakeClient) => void,
    answered: (reply: RawReply) => void,
  ): void {
    this.#spokeMs = this.#cluster.time.nowMs;
    connection.asked.push(answered);
    send(connection.link);
    if (this.#session !== null) this.#session.nextXid = connection.link.nextXid;
  }

  #take({ link, asked }: Connection): void {
    this.#heardMs = this.#cluster.time.nowMs;
    for (const item of link.take()) {
      const session = this.#session;
      if (item.kind === 'event') {
        session?.watches.fired(item);
        session?.journal.entries.push({ kind: 'event', type: item.type, path: item.path });
        continue;
      }
      if (session !== null) {
        session.lastZxid = Math.max(session.lastZxid, item.zxid);
        session.journal.entries.push({ kind: 'answer', zxid: item.zxid });
      }
      asked.shift()?.(item);
    }
  }

  #answered(
    session: OpenSession,
    request: SimulatedRequest,
    operation: Operation | null,
    reply: RawReply,
    server: string,
  ): void {
    const watch = request.watch(reply);
    if (watch !== null) {
      session.watches.add(watch.watch, watch.path);
      session.journal.entries.push({ kind: 'armed', ...watch, zxid: reply.zxid });
    }
    if (operation === null) return;
    const outcome = request.outcome(reply);
    this.#history.settle(operation, outcome, server);
    if (outcome.kind !== 'ok') return;
    for (const node of outcome.nodes) if (node !== null) session.versions.set(node.path, node.version);
  }
}
