import { createServer, connect as netConnect, type Server, type Socket } from 'node:net';
import { ByteReader } from '../../wire/bytes.ts';
import { FrameReader } from '../../wire/frame.ts';
import { ReservedXid } from '../../wire/ids.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { ReplyHeader } from '../../wire/replies.ts';
import { RequestHeader, WatchedPathRequest } from '../../wire/requests.ts';
import { framed } from '../kit/raw-client.ts';
import type { Exchange } from './recording.ts';

const MARK = '/mark/';

/**
 * Stands between a stranger's client and a stranger's server and keeps the frames of both. A client names the exchanges that
 * follow by asking whether `/mark/LABEL` exists; those requests are not kept, nor are the replies to them. `/mark/cut` breaks
 * the connection.
 */
export class RecordingProxy implements AsyncDisposable {
  readonly #transcript: Transcript = { exchanges: [], label: '' };
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static start(serverPort: number): Promise<RecordingProxy> {
    return new Promise((resolve, reject) => {
      const server = createServer();
      const proxy = new RecordingProxy(server);
      server.on('connection', (client) => proxy.#accept(client, serverPort));
      server.on('error', reject);
      server.listen(0, '127.0.0.1', () => resolve(proxy));
    });
  }

  get exchanges(): Exchange[] {
    return this.#transcript.exchanges;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return address.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket, serverPort: number): void {
    const server = netConnect(serverPort, '127.0.0.1');
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        server.destroy();
      });
    }
    const recorder = new ConnectionRecorder(this.#transcript);
    const requests = new FrameReader();
    const replies = new FrameReader();
    client.on('data', (chunk) =>
      requests.push(chunk, (bytes, start, end) => {
        const frame = Buffer.from(bytes.subarray(start, end));
        if (recorder.request(frame) === 'cut') client.destroy();
        else server.write(framed(frame));
      }),
    );
    server.on('data', (chunk) =>
      replies.push(chunk, (bytes, start, end) => {
        const frame = Buffer.from(bytes.subarray(start, end));
        recorder.reply(frame);
        client.write(framed(frame));
      }),
    );
  }
}

/** What all connections write to: a label holds across a reconnect. */
interface Transcript {
  readonly exchanges: Exchange[];
  label: string;
}

/** Names and pairs the frames of one connection. */
class ConnectionRecorder {
  readonly #transcript: Transcript;
  readonly #marks = new Set<number>();
  readonly #pending = new Map<number, Exchange>();
  #connecting: Exchange | null = null;
  #requests = 0;

  constructor(transcript: Transcript) {
    this.#transcript = transcript;
  }

  request(frame: Buffer): 'cut' | 'pass' {
    if (this.#requests++ === 0) {
      this.#connecting = { label: 'connect', type: null, request: frame.toString('hex'), reply: null };
      this.#transcript.exchanges.push(this.#connecting);
      return 'pass';
    }
    const reader = new ByteReader(frame);
    const { xid, type } = RequestHeader.read(reader);
    if (type === OpCode.exists) {
      const { path } = WatchedPathRequest.read(reader);
      if (path === `${MARK}cut`) return 'cut';
      if (path.startsWith(MARK)) {
        this.#transcript.label = path.slice(MARK.length);
        this.#marks.add(xid);
        return 'pass';
      }
    }
    const label = type === OpCode.ping ? 'ping' : this.#transcript.label;
    const exchange: Exchange = { label, type, request: frame.toString('hex'), reply: null };
    this.#transcript.exchanges.push(exchange);
    this.#pending.set(xid, exchange);
    return 'pass';
  }

  reply(frame: Buffer): void {
    if (this.#connecting !== null) {
      this.#connecting.reply = frame.toString('hex');
      this.#connecting = null;
      return;
    }
    const { xid } = ReplyHeader.read(new ByteReader(frame));
    if (xid === ReservedXid.notification) {
      this.#transcript.exchanges.push({
        label: this.#transcript.label,
        type: OpCode.notification,
        request: null,
        reply: frame.toString('hex'),
      });
      return;
    }
    if (this.#marks.delete(xid)) return;
    const exchange = this.#pending.get(xid);
    if (exchange === undefined) throw new Error(`a reply to xid ${xid}, which nobody asked`);
    exchange.reply = frame.toString('hex');
    this.#pending.delete(xid);
  }
}
