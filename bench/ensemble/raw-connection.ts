import { connect, type Socket } from 'node:net';
import { type Codec, decode, encode } from '../../wire/codec.ts';
import { writeConnectRequest } from '../../wire/connect.ts';
import { FrameReader } from '../../wire/frame.ts';
import { REPLY_HEADER_BYTES, ReplyHeader } from '../../wire/replies.ts';
import { RequestHeader } from '../../wire/requests.ts';

const CONNECT = writeConnectRequest({
  protocolVersion: 0,
  lastZxidSeen: 0,
  timeOut: 10_000,
  sessionId: 0n,
  passwd: Buffer.alloc(16),
  readOnly: false,
});

export interface RawReply {
  readonly err: number;
  readonly body: Buffer;
}

/**
 * A session on one connection with one request under way: no client's own patience or cleverness between a server and the clock.
 * Everything rejects when the server hangs up or says nothing for `timeoutMs`.
 */
export class RawConnection {
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  readonly #frames = new FrameReader();
  #isOver = false;
  #take: (frame: Buffer) => void = () => {};
  #fail: (error: Error) => void = () => {};
  #nextXid = 1;

  private constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.#frames.push(chunk, (bytes, start, end) => this.#take(bytes.subarray(start, end)));
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#isOver = true;
      this.#fail(new Error('the server hung up'));
    });
  }

  /** Connects and opens a session; rejects if it is refused. */
  static async open(port: number, timeoutMs: number): Promise<RawConnection> {
    const connection = new RawConnection(connect(port, '127.0.0.1'), timeoutMs);
    const response = await connection.#exchange(CONNECT);
    // Protocol version, negotiated timeout: 0 refuses the session.
    if (response.length >= 8 && response.readInt32BE(4) > 0) return connection;
    connection.close();
    throw new Error('the server refused a session');
  }

  async call<T>(type: number, codec: Codec<T>, body: T): Promise<RawReply> {
    const xid = this.#nextXid++;
    const header = encode(RequestHeader, { xid, type });
    const frame = await this.#exchange(Buffer.concat([header, encode(codec, body)]));
    const { err } = decode(ReplyHeader, frame.subarray(0, REPLY_HEADER_BYTES));
    return { err, body: frame.subarray(REPLY_HEADER_BYTES) };
  }

  close(): void {
    this.#socket.destroy();
  }

  async #exchange(request: Buffer): Promise<Buffer> {
    const frame = Buffer.alloc(4 + request.length);
    frame.writeInt32BE(request.length);
    request.copy(frame, 4);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        this.#take = resolve;
        this.#fail = reject;
        if (this.#isOver) reject(new Error('the server hung up'));
        timer = setTimeout(() => reject(new Error(`no answer in ${this.#timeoutMs} ms`)), this.#timeoutMs);
        this.#socket.write(frame);
      });
    } catch (error) {
      this.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
