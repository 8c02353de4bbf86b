import { parseArgs } from 'node:util';
import { connect, NodeExistsError, type ZooKeeperClient } from '../../client/index.ts';
import { Tally } from './tally.ts';

// The stand-in for load.c where that cannot be compiled: the same options (without -a) and the same line of JSON, made with this
// package's own client. It costs as much as a server does, so it tells whether a server works, not how fast it is. A ping is an
// exists here, as clients do not send pings at will.

const text = (short: string, fallback: string) => ({ type: 'string', short, default: fallback }) as const;
const { values } = parseArgs({
  options: {
    port: text('p', '2181'),
    operation: text('o', 'get'),
    connections: text('c', '32'),
    outstanding: text('w', '16'),
    dataBytes: text('s', '100'),
    znodes: text('n', '100'),
    readPercent: text('r', '90'),
    seconds: text('t', '4'),
    warmupSeconds: text('u', '2'),
    operations: text('k', '0'),
  },
});

const ROOT = '/bench';
const ports = values.port.split(',');
const data = Buffer.alloc(Number(values.dataBytes), 'abcdefghijklmnopqrstuvwxyz');
const znodes = Number(values.znodes);
const operationsMax = Number(values.operations) || Number.POSITIVE_INFINITY;
let issued = 0;
let errors = 0;
let stopped = false;

type Operation = (client: ZooKeeperClient, path: string) => Promise<unknown>;
const get: Operation = (client, path) => client.get(path);
const set: Operation = (client, path) => client.set(path, data);
const reads: Readonly<Record<string, Operation>> = {
  get,
  exists: (client, path) => client.exists(path),
  ping: (client, path) => client.exists(path),
  children: (client) => client.childrenAndStat(ROOT),
};
const writes: Readonly<Record<string, Operation>> = {
  set,
  create: (client, path) => client.create(`${path}/c${issued}-${process.pid}`, data),
};

function drawOperation(): { isRead: boolean; run: Operation } {
  const mixedRead = Math.random() * 100 < Number(values.readPercent);
  const name = values.operation === 'mixed' ? (mixedRead ? 'get' : 'set') : values.operation;
  const run = reads[name] ?? writes[name];
  if (run === undefined) throw new Error(`-o ${name}: no such operation`);
  return { isRead: name in reads, run };
}

async function makeTree(): Promise<void> {
  await using client = await connectOne();
  await client.ensurePath(ROOT);
  const ifMissing = (error: unknown): void => {
    if (!(error instanceof NodeExistsError)) throw error;
  };
  await Promise.all(
    Array.from({ length: znodes }, (_, i) => client.create(nodePath(i), data).catch(ifMissing)),
  );
}

/** Connections are dealt out to the servers in turn; none is behind the server where the tree was made. */
async function connectOne(index = 0): Promise<ZooKeeperClient> {
  const client = await connect(`127.0.0.1:${ports[index % ports.length]}`);
  if (ports.length > 1) await client.sync('/');
  return client;
}

function nodePath(index: number): string {
  return `${ROOT}/n${String(index).padStart(5, '0')}`;
}

/** One request at a time until the end; as many of these run on a connection as requests shall be outstanding. */
async function lane(client: ZooKeeperClient, tally: Tally): Promise<void> {
  while (!stopped && issued < operationsMax) {
    const { isRead, run } = drawOperation();
    issued++;
    const sentMs = performance.now();
    try {
      await run(client, nodePath(Math.floor(Math.random() * znodes)));
    } catch {
      errors++;
    }
    tally.count(isRead, sentMs, performance.now());
  }
}

function stop(): void {
  stopped = true;
}

process.on('SIGTERM', stop);
process.on('SIGINT', stop);
await makeTree();
const clients = await Promise.all(
  Array.from({ length: Number(values.connections) }, (_, i) => connectOne(i)),
);
const countedFromMs = performance.now() + Number(values.warmupSeconds) * 1000;
const tally = new Tally(countedFromMs);
if (Number(values.seconds) > 0) {
  setTimeout(stop, (Number(values.warmupSeconds) + Number(values.seconds)) * 1000).unref();
}
await Promise.all(
  clients.flatMap((client) => Array.from({ length: Number(values.outstanding) }, () => lane(client, tally))),
);
const endMs = performance.now();
await Promise.all(clients.map((client) => client.close()));
process.stdout.write(`${JSON.stringify(tally.result(errors, endMs))}\n`);
process.exitCode = errors > 0 ? 1 : 0;
