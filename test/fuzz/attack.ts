import { connect, type Socket } from 'node:net';
import { ByteReader } from '../../wire/bytes.ts';
import { encode } from '../../wire/codec.ts';
import { readConnectResponse, writeConnectRequest } from '../../wire/connect.ts';
import { FrameReader } from '../../wire/frame.ts';
import { ReservedXid } from '../../wire/ids.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { ReplyHeader } from '../../wire/replies.ts';
import { RequestHeader } from '../../wire/requests.ts';
import { framed } from '../kit/raw-client.ts';
import type { Rng } from '../kit/seed.ts';
import { chunked, frameOf, mutate } from './mutate.ts';

const handshake = framed(
  writeConnectRequest({
    protocolVersion: 0,
    lastZxidSeen: 0,
    timeOut: 4000,
    sessionId: 0n,
    passwd: Buffer.alloc(16),
    readOnly: false,
  }),
);
const ping = framed(encode(RequestHeader, { xid: ReservedXid.ping, type: OpCode.ping }));

/** How the server took it. `silent` means that it neither answered nor hung up in time. */
export type Reaction = 'answered' | 'hung up' | 'left' | 'silent';

const PATIENCE_MS = 20_000;

/**
 * Opens a connection, does the handshake, sends frames whose lengths are honest but whose bodies are not, and a ping. The
 * server must answer the ping or hang up.
 */
export function sendHonestFrames(port: number, rng: Rng, bodies: readonly Buffer[]): Promise<Reaction> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const frames = new FrameReader(64 * 1024 * 1024);
    let greeted = false;
    const finish = (reaction: Reaction): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reaction);
    };
    const timer = setTimeout(() => finish('silent'), PATIENCE_MS);
    socket.on('error', () => {});
    socket.on('close', () => finish('hung up'));
    socket.on('connect', () => socket.write(handshake));
    socket.on('data', (chunk) => {
      frames.push(chunk, (bytes, start, end) => {
        const reader = new ByteReader(bytes, start, end);
        if (!greeted) {
          greeted = true;
          readConnectResponse(reader);
          const stream = bodies.map((body) => frameOf(rng, mutate(rng, body), true));
          for (const part of chunked(rng, Buffer.concat([...stream, ping]))) socket.write(part);
        } else if (ReplyHeader.read(reader).xid === ReservedXid.ping) {
          finish('answered');
        }
      });
    });
  });
}

/** Bytes that need not be frames, before or after a handshake, and then goodbye: nobody can say what the answer should be. */
export function sendAnything(port: number, rng: Rng, bodies: readonly Buffer[]): Promise<Reaction> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const timer = setTimeout(() => {
      socket.destroy();
      resolve('silent');
    }, PATIENCE_MS);
    socket.on('error', () => {});
    socket.on('data', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve('left');
    });
    socket.on('connect', () => sayGoodbye(socket, rng, bodies));
  });
}

function sayGoodbye(socket: Socket, rng: Rng, bodies: readonly Buffer[]): void {
  const first = rng.pick([
    handshake,
    framed(mutate(rng, handshake.subarray(4))),
    rng.bytes(rng.below(60)),
    Buffer.from(rng.pick(['ruok', 'srvr', 'wchp', 'stat', 'xxxx', 'GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01'])),
  ]);
  const rest = bodies.map((body) => frameOf(rng, mutate(rng, body), false));
  for (const part of chunked(rng, Buffer.concat([first, ...rest]))) socket.write(part);
  if (rng.chance(50)) socket.end();
  else socket.destroySoon();
}
