import { connect, createServer, type Server, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { freePort } from '../kit/processes.ts';
import { type Direction, TcpProxy } from '../kit/tcp-proxy.ts';

/** A server that keeps its connections and what they say. */
async function listening(
  port = 0,
): Promise<{ server: Server; port: number; accepted: () => Promise<Talker> }> {
  const waiting: ((talker: Talker) => void)[] = [];
  const arrived: Talker[] = [];
  const server = createServer((socket) => {
    const talker = new Talker(socket);
    const waiter = waiting.shift();
    if (waiter === undefined) arrived.push(talker);
    else waiter(talker);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    server,
    port: address.port,
    accepted: () => {
      const talker = arrived.shift();
      return talker === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(talker);
    },
  };
}

class Talker {
  heard = '';
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #wake = (): void => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.heard += chunk.toString();
      this.#wake();
    });
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()));
  }

  async hears(text: string): Promise<void> {
    while (!this.heard.endsWith(text)) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

const open = (port: number): Talker => new Talker(connect(port, '127.0.0.1'));

test('a proxy passes on in both directions, in order, and shows what it passes', async () => {
  const { server, port, accepted } = await listening();
  const seen: [Direction, string][] = [];
  await using proxy = await TcpProxy.start(port, {
    opened: () => (direction, chunk) => seen.push([direction, chunk.toString()]),
  });
  const opener = open(proxy.port);
  opener.socket.write('question');
  const target = await accepted();
  await target.hears('question');
  target.socket.end('last words');
  await opener.hears('last words');
  await Promise.all([opener.closed, target.closed]);
  expect(seen).toEqual([
    ['from-opener', 'question'],
    ['to-opener', 'last words'],
  ]);
  server.close();
});

test('what is held back comes after the release, and is lost when the cable is pulled', async () => {
  const { server, port, accepted } = await listening();
  await using proxy = await TcpProxy.start(port);
  const opener = open(proxy.port);
  opener.socket.write('a');
  const target = await accepted();
  await target.hears('a');
  proxy.hold('to-opener');
  target.socket.write('held');
  // The other direction flows; by the time it has gone round, what is held would have come too.
  opener.socket.write('b');
  await target.hears('ab');
  expect(opener.heard).toBe('');
  proxy.release();
  await opener.hears('held');
  proxy.hold('to-opener');
  target.socket.write('lost');
  proxy.drop();
  await Promise.all([opener.closed, target.closed]);
  expect(opener.heard).toBe('held');
  server.close();
});

test('a target that refuses ends the connection at once, or is waited for', async () => {
  const port = await freePort();
  await using impatient = await TcpProxy.start(port);
  await open(impatient.port).closed;
  await using patient = await TcpProxy.start(port, { patienceMs: 30_000 });
  const opener = open(patient.port);
  opener.socket.write('early');
  const { server, accepted } = await listening(port);
  const target = await accepted();
  await target.hears('early');
  opener.socket.end();
  await target.closed;
  server.close();
});
