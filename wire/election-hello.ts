import { ByteWriter } from './bytes.ts';
import { WireFault } from './fault.ts';
import { delimitedHost, type HostAddress, isWildcardHost, portOf, splitHost } from './host-port.ts';

/** First number of a connection to the election port: one address follows. Since 3.5. */
export const ELECTION_PROTOCOL_V1 = -65_536;
/** The same with several addresses, parted by `|`. Since 3.6, used with `multiAddress.enabled` only. */
export const ELECTION_PROTOCOL_V2 = -65_535;

/** Longest text of addresses, in bytes. */
export const ELECTION_ADDRESS_BYTES_MAX = 2048;

const LONG_BYTES = 8;
const HEAD_BYTES = 20;
/** Java's Long.MAX_VALUE: what an ancient observer without an id calls itself. */
const OBSERVER_ID = 0x7fff_ffff_ffff_ffffn;

/** Who opened a connection to the election port. */
export interface ElectionHello {
  /**
   * Id of the opener, null for an observer that has none (9223372036854775807 on the wire): whoever accepts it makes up an id for
   * the connection.
   */
  readonly sid: number | null;
  /** Where the opener listens for elections; empty if it does not say or can't be reached at what it says (0.0.0.0, ::). */
  readonly addresses: readonly HostAddress[];
}

/** The opener's first bytes, in the form that all versions since 3.5 read. */
export function writeElectionHello(sid: number, address: HostAddress): Buffer {
  const text = Buffer.from(`${delimitedHost(address.host)}:${address.port}`);
  if (text.length > ELECTION_ADDRESS_BYTES_MAX) {
    throw new WireFault('unencodable', `an election address of ${text.length} bytes`);
  }
  const writer = new ByteWriter(HEAD_BYTES + text.length);
  writer.writeLongExact(ELECTION_PROTOCOL_V1);
  writer.writeLongExact(sid);
  writer.writeBuffer(text);
  return writer.finish();
}

/**
 * Reads the opener's first bytes as they arrive, whatever the cut. Holds at most 2068 bytes. Ids are numbers: one above 2^53,
 * other than the observer's, is a fault, as is a negative one. Throws `WireFault` and nothing else; the connection is worth nothing then.
 */
export class ElectionHelloReader {
  #held = Buffer.alloc(HEAD_BYTES);
  #fill = 0;
  #needed = LONG_BYTES;
  #hello: ElectionHello | null = null;

  /** What was said, once `push` has returned an offset. */
  get hello(): ElectionHello | null {
    return this.#hello;
  }

  /** Takes `bytes[start, end)`; returns the offset where the hello ended, or -1 if it took everything and needs more. */
  push(bytes: Buffer, start = 0, end = bytes.length): number {
    let pos = start;
    while (this.#hello === null) {
      const take = Math.min(this.#needed - this.#fill, end - pos);
      bytes.copy(this.#held, this.#fill, pos, pos + take);
      this.#fill += take;
      pos += take;
      if (this.#fill < this.#needed) return -1;
      this.#advance();
    }
    return pos;
  }

  /** What is held is as much as was asked for: says what it means, or asks for more. */
  #advance(): void {
    const held = this.#held;
    const first = held.readBigInt64BE(0);
    if (first >= 0n) {
      this.#hello = { sid: sidOf(first), addresses: [] };
      return;
    }
    if (first !== BigInt(ELECTION_PROTOCOL_V1) && first !== BigInt(ELECTION_PROTOCOL_V2)) {
      throw new WireFault('malformed', `${first} is no version of the election protocol`);
    }
    if (this.#needed < HEAD_BYTES) {
      this.#needed = HEAD_BYTES;
      return;
    }
    const sid = sidOf(held.readBigInt64BE(LONG_BYTES));
    if (this.#needed === HEAD_BYTES) {
      this.#needed += checkedLength(held.readInt32BE(2 * LONG_BYTES));
      this.#held = Buffer.concat([held], this.#needed);
      return;
    }
    const text = held.toString('utf8', HEAD_BYTES, this.#needed);
    this.#hello = { sid, addresses: parseAddresses(text) };
  }
}

function sidOf(sid: bigint): number | null {
  if (sid === OBSERVER_ID) return null;
  if (sid < 0n || sid > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new WireFault('out-of-range', `server id ${sid} is not from 0 to 2^53 - 1`);
  }
  return Number(sid);
}

function checkedLength(length: number): number {
  if (length < 1 || length > ELECTION_ADDRESS_BYTES_MAX) {
    throw new WireFault(
      'unreasonable-length',
      `an election address of ${length} bytes, not of 1 to ${ELECTION_ADDRESS_BYTES_MAX}`,
    );
  }
  return length;
}

function parseAddresses(text: string): HostAddress[] {
  const addresses: HostAddress[] = [];
  for (const address of text.split('|')) {
    const [host = '', port = '', ...more] = splitHost(address);
    const number = portOf(port);
    if (!isHost(host) || number === null || more.length > 0) {
      throw new WireFault('malformed', `${JSON.stringify(address)} is no election address (host:port)`);
    }
    if (!isWildcardHost(host)) addresses.push({ host, port: number });
  }
  return addresses;
}

/** A name that may be asked of a resolver: not empty, without blanks and control characters. */
function isHost(host: string): boolean {
  return host !== '' && !/[\s\p{Cc}]/u.test(host);
}
