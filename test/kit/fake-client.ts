import type { Connection, ConnectionPhase } from '../../core/pipeline/connection.ts';
import type { ClientLink } from '../../core/ports.ts';
import { ByteReader } from '../../wire/bytes.ts';
import { type Codec, decode, encode } from '../../wire/codec.ts';
import { type ConnectResponse, readConnectResponse, writeConnectRequest } from '../../wire/connect.ts';
import { WatcherEvent } from '../../wire/events.ts';
import { FrameReader } from '../../wire/frame.ts';
import { ReservedXid } from '../../wire/ids.ts';
import { type MultiOp, MultiReply, MultiRequest, type MultiResult } from '../../wire/multi.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { ReplyHeader, type replyCodecs } from '../../wire/replies.ts';
import { RequestHeader, type requestCodecs } from '../../wire/requests.ts';
import { framed, type RawEvent, type RawReply } from './raw-client.ts';
import { replyCodecOf, requestCodecOf } from './raw-codecs.ts';

type RequestOp = keyof typeof requestCodecs;
type BodyOf<C> = C extends Codec<infer T> ? T : never;

/** The server's door for links, as the driver offers it. */
export interface LinkAcceptor {
  connected(link: ClientLink): Connection | null;
  received(connection: Connection, chunk: Buffer): void;
  drained(connection: Connection): void;
  disconnected(connection: Connection): void;
}

/** A link without a network: what is written to it stands in `FakeClient.incoming` at once. */
class FakeLink implements ClientLink {
  readonly remoteIp: string;
  readonly remotePort = 40_000;
  bufferedBytes = 0;
  isClosed = false;
  isPaused = false;
  /** A peer that does not read lets bytes pile up. */
  isRead = true;
  writes = 0;
  readonly #frames = new FrameReader(1 << 30);
  readonly #sink: (frame: Buffer) => void;

  constructor(remoteIp: string, sink: (frame: Buffer) => void) {
    this.remoteIp = remoteIp;
    this.#sink = sink;
  }

  write(bytes: Buffer): void {
    if (this.isClosed) throw new Error('written to after close');
    this.writes += 1;
    if (!this.isRead) this.bufferedBytes += bytes.length;
    this.#frames.push(bytes, (chunk, start, end) => this.#sink(Buffer.from(chunk.subarray(start, end))));
  }

  close(): void {
    if (this.isClosed) throw new Error('closed twice');
    this.isClosed = true;
  }

  pauseReading(): void {
    this.isPaused = true;
  }

  resumeReading(): void {
    this.isPaused = false;
  }
}

/**
 * A client of a server without sockets. It checks what no client may ever see: a reply to a request that was not sent, or out
 * of the order of the requests; a byte after the end.
 */
export class FakeClient {
  readonly link: FakeLink;
  response: ConnectResponse | null = null;
  /** Replies and events in order of arrival; tests may empty it. */
  incoming: (RawReply | RawEvent)[] = [];
  readonly #server: LinkAcceptor;
  readonly #connection: Connection | null;
  #expected: { readonly xid: number; readonly type: number }[] = [];
  /** Xids go on with the session, as those of ZooKeeper's clients do: learners find their requests among what is committed by them. */
  nextXid = 1;
  #isDropped = false;
  lastZxid = 0;

  constructor(server: LinkAcceptor, remoteIp = '127.0.0.1') {
    this.#server = server;
    this.link = new FakeLink(remoteIp, (frame) => this.#receive(frame));
    this.#connection = server.connected(this.link);
  }

  /** Whether the server took the connection. */
  get isAccepted(): boolean {
    return this.#connection !== null;
  }

  get isClosed(): boolean {
    return this.link.isClosed || this.#isDropped;
  }

  get phase(): ConnectionPhase {
    return this.#connection?.phase ?? 'closed';
  }

  get sessionId(): bigint {
    return this.response?.sessionId ?? 0n;
  }

  get password(): Uint8Array {
    return this.response?.passwd ?? Buffer.alloc(16);
  }

  /** Requests that have no reply yet. */
  get awaited(): number {
    return this.#expected.length;
  }

  handshake(
    options: {
      timeoutMs?: number;
      sessionId?: bigint;
      password?: Uint8Array | null;
      lastZxidSeen?: number;
    } = {},
  ): this {
    this.sendRaw(framed(connectRequest(options)));
    return this;
  }

  /** Asks for the session of another client, which has to lose it. */
  resume(other: FakeClient, timeoutMs = 10_000): this {
    const { sessionId, password, lastZxid: lastZxidSeen } = other;
    this.nextXid = other.nextXid;
    return this.handshake({ sessionId, password, lastZxidSeen, timeoutMs });
  }

  /** The frame of a request, for tests that put many into one chunk; a reply is expected from now on. */
  frame(type: number, body: Uint8Array = Buffer.alloc(0), xid = this.nextXid++): Buffer {
    this.#expected.push({ xid, type });
    return framed(Buffer.concat([encode(RequestHeader, { xid, type }), body]));
  }

  frameOf<T extends RequestOp>(type: T, body: BodyOf<(typeof requestCodecs)[T]>): Buffer {
    return this.frame(type, encode(requestCodecOf(type), body));
  }

  multiFrame(ops: MultiOp[]): Buffer {
    return this.frame(OpCode.multi, encode(MultiRequest, ops));
  }

  send<T extends RequestOp>(type: T, body: BodyOf<(typeof requestCodecs)[T]>): void {
    this.sendRaw(this.frameOf(type, body));
  }

  sendMulti(ops: MultiOp[]): void {
    this.sendRaw(this.multiFrame(ops));
  }

  auth(scheme: string, auth: string): void {
    const body = { type: 0, scheme, auth: Buffer.from(auth) };
    this.sendRaw(
      framed(
        Buffer.concat([
          encode(RequestHeader, { xid: ReservedXid.auth, type: OpCode.auth }),
          encode(requestCodecOf(OpCode.auth), body),
        ]),
      ),
    );
  }

  sendRaw(bytes: Buffer): void {
    if (this.#connection === null) throw new Error('the server refused this connection');
    if (!this.isClosed) this.#server.received(this.#connection, bytes);
  }

  /** The client goes away without a word. */
  drop(): void {
    if (this.#isDropped) return;
    this.#isDropped = true;
    if (this.#connection !== null) this.#server.disconnected(this.#connection);
  }

  /** The peer has taken everything it was sent. */
  drain(): void {
    this.link.bufferedBytes = 0;
    if (this.#connection !== null && !this.isClosed) this.#server.drained(this.#connection);
  }

  take(): (RawReply | RawEvent)[] {
    return this.incoming.splice(0);
  }

  /** Takes what has arrived and gives back the replies only. */
  takeReplies(): RawReply[] {
    return this.take().filter((item): item is RawReply => item.kind === 'reply');
  }

  #receive(frame: Buffer): void {
    const reader = new ByteReader(frame);
    if (this.response === null) {
      this.response = readConnectResponse(reader);
      return;
    }
    const { xid, zxid, err } = ReplyHeader.read(reader);
    if (xid === ReservedXid.notification) {
      this.incoming.push({ kind: 'event', zxid, ...WatcherEvent.read(reader) });
      return;
    }
    if (xid !== ReservedXid.auth) {
      const due = this.#expected.shift();
      if (due?.xid !== xid) throw new Error(`reply to ${xid}, but ${due?.xid ?? 'nothing'} is due`);
    }
    if (zxid > this.lastZxid) this.lastZxid = zxid;
    this.incoming.push({ kind: 'reply', xid, zxid, err, body: frame.subarray(reader.pos) });
  }
}

export function connectRequest(options: {
  timeoutMs?: number;
  sessionId?: bigint;
  password?: Uint8Array | null;
  lastZxidSeen?: number;
}): Buffer {
  return writeConnectRequest({
    protocolVersion: 0,
    lastZxidSeen: options.lastZxidSeen ?? 0,
    timeOut: options.timeoutMs ?? 10_000,
    sessionId: options.sessionId ?? 0n,
    passwd: options.password === undefined ? Buffer.alloc(16) : options.password,
    readOnly: false,
  });
}

/** The decoded body of a successful reply. */
export function bodyOf<T extends keyof typeof replyCodecs>(
  type: T,
  reply: RawReply,
): BodyOf<(typeof replyCodecs)[T]> {
  if (reply.err !== 0) throw new Error(`the reply to ${reply.xid} has error ${reply.err}`);
  return decode(replyCodecOf(type), reply.body) as BodyOf<(typeof replyCodecs)[T]>;
}

export function multiResults(reply: RawReply): MultiResult[] {
  return decode(MultiReply, reply.body);
}
