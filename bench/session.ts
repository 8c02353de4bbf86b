import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeConnectRequest } from '../wire/connect.ts';

const CONNECT = writeConnectRequest({
  protocolVersion: 0,
  lastZxidSeen: 0,
  timeOut: 30_000,
  sessionId: 0n,
  passwd: Buffer.alloc(16),
  readOnly: false,
});
const RETRY_MS = 2;
/** Apache ZooKeeper leaves a connection without an answer that it accepted while it was starting. */
const ANSWER_WITHIN_MS = 200;

/**
 * Resolves once the server on this loopback port has granted a session, asking again as long as nobody listens. `hasEnded` tells
 * that there is nothing more to wait for.
 */
export async function firstSession(port: number, hasEnded: () => boolean, withinMs = 120_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await grantsSession(port))) {
    if (hasEnded()) throw new Error('the server ended before it granted a session');
    if (performance.now() > deadline) throw new Error(`no session within ${withinMs} ms`);
    await sleep(RETRY_MS);
  }
}

function grantsSession(port: number): Promise<boolean> {
  const frame = Buffer.alloc(4 + CONNECT.length);
  frame.writeInt32BE(CONNECT.length);
  CONNECT.copy(frame, 4);
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(frame));
    socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy());
    // Frame length, protocol version, negotiated timeout: 0 would be a refusal.
    socket.once('data', (response) => {
      resolve(response.length >= 12 && response.readInt32BE(8) > 0);
      socket.destroy();
    });
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });
}
