import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Ports tried after the one asked for. */
const MORE_PORTS = 50;

/**
 * Free TCP ports of this host, no two the same: for each start the first free one from there on, the last one tried if all are
 * taken, and whatever the system chooses for 0. Not promised: that they stay free until they are used.
 */
export async function freePorts(starts: readonly number[], host: string): Promise<number[]> {
  // All are held until the last is found, so that none is found twice.
  const held: Server[] = [];
  try {
    const ports: number[] = [];
    for (const start of starts) ports.push(await holdFrom(start, host, held));
    return ports;
  } finally {
    await Promise.all(held.map((server) => once(server.close(), 'close')));
  }
}

async function holdFrom(start: number, host: string, held: Server[]): Promise<number> {
  const last = start === 0 ? 0 : Math.min(start + MORE_PORTS, 65_535);
  for (let port = start; port <= last; port++) {
    const server = await hold(port, host);
    if (server === null) continue;
    held.push(server);
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }
  return last;
}

/** Null if the port cannot be had. */
function hold(port: number, host: string): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, host, () => resolve(server));
  });
}
