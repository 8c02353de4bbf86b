import { connect, type Socket } from 'node:net';
import { ByteReader } from '../../wire/bytes.ts';
import { type Codec, decode, encode } from '../../wire/codec.ts';
import { type ConnectResponse, readConnectResponse, writeConnectRequest } from '../../wire/connect.ts';
import { ErrorCode, errorName } from '../../wire/errors.ts';
import { WatcherEvent } from '../../wire/events.ts';
import { FrameReader } from '../../wire/frame.ts';
import { ReservedXid } from '../../wire/ids.ts';
import { type MultiOp, MultiReply, MultiRequest, type MultiResult } from '../../wire/multi.ts';
import { OpCode, opName } from '../../wire/opcodes.ts';
import { ReplyHeader, type replyCodecs } from '../../wire/replies.ts';
import { RequestHeader, type requestCodecs } from '../../wire/requests.ts';
import { RawCallError, replyCodecOf, requestCodecOf } from './raw-codecs.ts';

export interface RawReply {
  readonly kind: 'reply';
  readonly xid: number;
  readonly zxid: number;
  readonly err: number;
  /** What followed the header, empty where nothing did. */
  readonly body: Buffer;
}

export interface RawEvent {
  readonly kind: 'event';
  readonly zxid: number;
  readonly type: number;
  readonly state: number;
  readonly path: string;
}

export interface RawConnectOptions {
  readonly port: number;
  readonly host?: string;
  readonly timeoutMs?: number;
  readonly lastZxidSeen?: number;
  readonly sessionId?: bigint;
  readonly password?: Uint8Array | null;
  /** null leaves the byte out, as clients of 3.3 do. */
  readonly readOnly?: boolean | null;
}

/** The server hung up while an answer was awaited. */
export class HungUp extends Error {
  constructor(awaiting: string) {
    super(`the server hung up while ${awaiting} was awaited`);
    this.name = 'HungUp';
  }
}

interface Waiter {
  readonly what: string;
  resolve(reply: RawReply): void;
  reject(error: Error): void;
}

type RequestOp = keyof typeof requestCodecs;
type ReplyOp = RequestOp & keyof typeof replyCodecs;
type BodyOf<C> = C extends Codec<infer T> ? T : never;

/**
 * A client of the wire protocol for tests: it sends what it is told, however wrong, keeps everything that arrives in order of
 * arrival, and sends nothing (no ping either) on its own.
 */
export class RawClient implements AsyncDisposable {
  readonly response: ConnectResponse;
  /** Replies and events in order of arrival; tests may empty it. */
  readonly incoming: (RawReply | RawEvent)[] = [];
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #waiters = new Map<number, Waiter[]>();
  readonly #eventWaiters: (() => void)[] = [];
  #nextXid = 1;
  #isClosed = false;
  /** Highest zxid seen in a reply. */
  lastZxid = 0;

  private constructor(socket: Socket, response: ConnectResponse) {
    this.#socket = socket;
    this.response = response;
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true;
        for (const waiters of this.#waiters.values()) {
          for (const waiter of waiters) waiter.reject(new HungUp(waiter.what));
        }
        this.#waiters.clear();
        for (const wake of this.#eventWaiters.splice(0)) wake();
        resolve();
      });
    });
  }

  /**
   * Opens a connection and does the handshake. A refused session is a client too, with `sessionId` 0; rejects with `HungUp`
   * when the server hangs up without an answer.
   */
  static connect(options: RawConnectOptions): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const frames = new FrameReader(64 * 1024 * 1024);
      let client: RawClient | null = null;
      const socket = connect(options.port, options.host ?? '127.0.0.1');
      socket.setNoDelay(true);
      socket.on('error', (error) => reject(error));
      socket.on('close', () => reject(new HungUp('the answer to the handshake')));
      socket.on('connect', () => {
        socket.write(
          framed(
            writeConnectRequest({
              protocolVersion: 0,
              lastZxidSeen: options.lastZxidSeen ?? 0,
              timeOut: options.timeoutMs ?? 30_000,
              sessionId: options.sessionId ?? 0n,
              passwd: options.password === undefined ? Buffer.alloc(16) : options.password,
              readOnly: options.readOnly === undefined ? false : options.readOnly,
            }),
          ),
        );
      });
      socket.on('data', (chunk) => {
        frames.push(chunk, (bytes, start, end) => {
          if (client !== null) {
            client.#receive(Buffer.from(bytes.subarray(start, end)));
            return;
          }
          client = new RawClient(socket, readConnectResponse(new ByteReader(bytes, start, end)));
          resolve(client);
        });
      });
    });
  }

  get sessionId(): bigint {
    return this.response.sessionId;
  }

  get password(): Buffer {
    return Buffer.from(this.response.passwd ?? Buffer.alloc(16));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** A new connection of the same session; the server closes this one. */
  resume(options: Omit<RawConnectOptions, 'sessionId' | 'password'>): Promise<RawClient> {
    return RawClient.connect({ ...options, sessionId: this.sessionId, password: this.password });
  }

  /** Sends a request of any type with any bytes as its body; the reply, whatever its error. */
  request(type: number, body: Uint8Array = Buffer.alloc(0), xid = this.#nextXid++): Promise<RawReply> {
    return this.#await(xid, opName(type), () =>
      this.#socket.write(framed(Buffer.concat([encode(RequestHeader, { xid, type }), body]))),
    );
  }

  /** Sends a well-formed request; the reply, whatever its error. */
  ask<T extends RequestOp>(type: T, body: BodyOf<(typeof requestCodecs)[T]>): Promise<RawReply> {
    return this.request(type, encode(requestCodecOf(type), body));
  }

  /** Sends a well-formed request; its decoded answer. Rejects with `RawCallError` when the server answers with an error. */
  async call<T extends ReplyOp>(
    type: T,
    body: BodyOf<(typeof requestCodecs)[T]>,
  ): Promise<BodyOf<(typeof replyCodecs)[T]>> {
    const reply = await this.ask(type, body);
    if (reply.err !== ErrorCode.Ok) throw new RawCallError(opName(type), reply.err, errorName(reply.err));
    return decode(replyCodecOf(type), reply.body) as BodyOf<(typeof replyCodecs)[T]>;
  }

  /** multi, or multiRead when `type` says so; results even when it failed. */
  async multi(
    ops: MultiOp[],
    type: typeof OpCode.multi | typeof OpCode.multiRead = OpCode.multi,
  ): Promise<MultiResult[]> {
    const reply = await this.request(type, encode(MultiRequest, ops));
    if (reply.err !== ErrorCode.Ok) throw new RawCallError(opName(type), reply.err, errorName(reply.err));
    return decode(MultiReply, reply.body);
  }

  /** Adds an identity to the connection. A refused one answers with AuthFailed and ends the connection. */
  auth(scheme: string | null, auth: Uint8Array | string | null): Promise<RawReply> {
    const bytes = typeof auth === 'string' ? Buffer.from(auth) : auth;
    const body = encode(requestCodecOf(OpCode.auth), { type: 0, scheme, auth: bytes });
    return this.request(OpCode.auth, body, ReservedXid.auth);
  }

  ping(): Promise<RawReply> {
    return this.request(OpCode.ping, Buffer.alloc(0), ReservedXid.ping);
  }

  /** Everything that `send` asks for leaves in one write. */
  together<T>(send: () => T): T {
    this.#socket.cork();
    try {
      return send();
    } finally {
      this.#socket.uncork();
    }
  }

  /** Reads no more of what the server sends. */
  pause(): void {
    this.#socket.pause();
  }

  /** Bytes as they are, not even framed. */
  sendRaw(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** The events among what has arrived, once there are at least `count` of them; rejects when the connection ends before. */
  async events(count: number): Promise<RawEvent[]> {
    for (;;) {
      const events = this.incoming.filter((item): item is RawEvent => item.kind === 'event');
      if (events.length >= count) return events;
      if (this.#isClosed) throw new HungUp(`event ${events.length + 1} of ${count}`);
      await new Promise<void>((resolve) => this.#eventWaiters.push(resolve));
    }
  }

  /** Takes what has arrived since the last call. */
  takeIncoming(): (RawReply | RawEvent)[] {
    return this.incoming.splice(0);
  }

  /** Ends the session and waits until the server has hung up. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    await this.request(OpCode.closeSession);
    await this.closed;
  }

  /** Drops the connection without a word; the session stays until it expires. */
  async drop(): Promise<void> {
    this.#socket.destroy();
    await this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drop();
  }

  #await(xid: number, what: string, send: () => void): Promise<RawReply> {
    if (this.#isClosed) return Promise.reject(new HungUp(what));
    return new Promise((resolve, reject) => {
      const waiters = this.#waiters.get(xid) ?? [];
      waiters.push({ what, resolve, reject });
      this.#waiters.set(xid, waiters);
      send();
    });
  }

  #receive(frame: Buffer): void {
    const reader = new ByteReader(frame);
    const { xid, zxid, err } = ReplyHeader.read(reader);
    if (xid === ReservedXid.notification) {
      this.incoming.push({ kind: 'event', zxid, ...WatcherEvent.read(reader) });
      for (const wake of this.#eventWaiters.splice(0)) wake();
      return;
    }
    const reply: RawReply = { kind: 'reply', xid, zxid, err, body: frame.subarray(reader.pos) };
    if (zxid > this.lastZxid) this.lastZxid = zxid;
    this.incoming.push(reply);
    const waiters = this.#waiters.get(xid);
    const waiter = waiters?.shift();
    if (waiters?.length === 0) this.#waiters.delete(xid);
    waiter?.resolve(reply);
  }
}

/** Puts the length before a frame's body. */
export function framed(body: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(4 + body.length);
  frame.writeInt32BE(body.length, 0);
  frame.set(body, 4);
  return frame;
}
