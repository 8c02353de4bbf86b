import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';

const TYPE_SRV = 33;
const CLASS_IN = 1;
const NAME_ERROR = 3;

export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** Without a dot at the end. */
  readonly target: string;
}

function uint16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt16BE(value, 2 * i);
  return bytes;
}

/** A name as DNS writes it: labels with their lengths, and an empty one at the end. */
function nameBytes(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

/** The name that a query asks for, and where its question ends. */
function questionOf(query: Buffer): { readonly name: string; readonly type: number; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** A DNS server on loopback that knows SRV records, and says of every other name that there is no such name. */
export class DnsServer implements AsyncDisposable {
  /** By service, in lower case; may be changed at any time. */
  readonly services = new Map<string, readonly SrvRecord[]>();
  /** The names that were asked for, in order. */
  readonly asked: string[] = [];
  readonly #socket = createSocket('udp4');
  readonly #heard = new Set<() => void>();

  private constructor() {
    this.#socket.on('message', (query, from) => this.#answer(query, from));
  }

  static async start(): Promise<DnsServer> {
    const server = new DnsServer();
    server.#socket.bind(0, '127.0.0.1');
    await once(server.#socket, 'listening');
    return server;
  }

  /** `127.0.0.1:port`, as `dns.setServers` wants it. */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  /** Resolves at the next query. */
  query(): Promise<void> {
    return new Promise((resolve) => this.#heard.add(resolve));
  }

  #answer(query: Buffer, from: RemoteInfo): void {
    const { name, type, end } = questionOf(query);
    this.asked.push(name);
    const found = type === TYPE_SRV ? this.services.get(name) : undefined;
    const records = (found ?? []).map(({ priority, weight, port, target }) => {
      const data = Buffer.concat([uint16(priority, weight, port), nameBytes(target)]);
      // 0xc00c points to the name in the question. Nobody may keep it: time to live 0.
      return Buffer.concat([uint16(0xc00c, TYPE_SRV, CLASS_IN, 0, 0, data.length), data]);
    });
    // An answer of an authority, with recursion as it was wanted and available.
    const flags = 0x8480 | (query.readUInt16BE(2) & 0x0100) | (found === undefined ? NAME_ERROR : 0);
    const head = Buffer.concat([query.subarray(0, 2), uint16(flags, 1, records.length, 0, 0)]);
    this.#socket.send(Buffer.concat([head, query.subarray(12, end), ...records]), from.port, from.address);
    for (const resolve of this.#heard) resolve();
    this.#heard.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }
}
