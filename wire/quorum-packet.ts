import type { ByteWriter } from './bytes.ts';
import { vector } from './codec.ts';
import { Id } from './data.ts';
import { WireFault } from './fault.ts';

/** What servers of an ensemble say to each other on the quorum port, by ZooKeeper's names. */
export const QuorumPacketType = {
  REQUEST: 1,
  PROPOSAL: 2,
  ACK: 3,
  COMMIT: 4,
  PING: 5,
  REVALIDATE: 6,
  SYNC: 7,
  INFORM: 8,
  COMMITANDACTIVATE: 9,
  NEWLEADER: 10,
  FOLLOWERINFO: 11,
  UPTODATE: 12,
  DIFF: 13,
  TRUNC: 14,
  SNAP: 15,
  OBSERVERINFO: 16,
  LEADERINFO: 17,
  ACKEPOCH: 18,
  INFORMANDACTIVATE: 19,
} as const;
export type QuorumPacketType = (typeof QuorumPacketType)[keyof typeof QuorumPacketType];

const names = new Map<number, string>(Object.entries(QuorumPacketType).map(([name, type]) => [type, name]));

/** ZooKeeper's name of a packet type, or `UNKNOWN` and the number. */
export function quorumPacketName(type: number): string {
  return names.get(type) ?? `UNKNOWN${type}`;
}

/** Whether this version knows what such a packet means. One that it does not know is passed over, as ZooKeeper does. */
export function isQuorumPacketType(type: number): type is QuorumPacketType {
  return names.has(type);
}

/**
 * One packet between a learner and its leader. `type` may be a number that nobody knows: a later version's, to be passed over.
 * `zxid` is -1 where it means nothing. `authinfo` is the client's identities in a REQUEST, where a Java leader needs a vector,
 * if only an empty one (null ends there as a MarshallingError for the client), and null everywhere else.
 */
export interface QuorumPacket {
  readonly type: number;
  readonly zxid: number;
  readonly data: Buffer | null;
  readonly authinfo: readonly Id[] | null;
}

/** The identities at the end of a packet. */
export const AuthInfo = vector(Id);

/** Appends a packet; nothing stands between packets. Throws `WireFault` (`unencodable`) for a zxid that is not a safe integer. */
export function writeQuorumPacket(writer: ByteWriter, packet: QuorumPacket): void {
  writer.writeInt(packet.type);
  writer.writeLongExact(packet.zxid);
  writer.writeBuffer(packet.data);
  AuthInfo.write(writer, packet.authinfo as Id[] | null);
}

/** Type, zxid and the length of the data. */
export const QUORUM_PACKET_HEAD_BYTES = 16;
const LENGTH_BYTES = 4;
/** An identity is two strings, each at least a length. */
const ID_BYTES_MIN = 2 * LENGTH_BYTES;

/**
 * Finds where a packet ends, from as many of its bytes as there are, without looking at any byte twice. Lengths are checked
 * before anybody waits for the bytes that they announce.
 */
export class QuorumPacketExtent {
  readonly #bytesMax: number;
  /** Bytes from the packet's start that must be there before more can be said; at the end its size. */
  #needed = QUORUM_PACKET_HEAD_BYTES;
  #stage: 'head' | 'count' | 'strings' | 'end' = 'head';
  #stringsLeft = 0;
  #authinfoAt = 0;

  /** `bytesMax` bounds the data, and the identities all together. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get needed(): number {
    return this.#needed;
  }

  begin(): void {
    this.#needed = QUORUM_PACKET_HEAD_BYTES;
    this.#stage = 'head';
  }

  /** Whether the packet that begins at `start` is whole in the `available` bytes from there. Throws `WireFault`. */
  scan(bytes: Buffer, start: number, available: number): boolean {
    while (available >= this.#needed) {
      if (this.#stage === 'end') return true;
      const length = bytes.readInt32BE(start + this.#needed - LENGTH_BYTES);
      switch (this.#stage) {
        case 'head':
          this.#needed += this.#checked(length, 'data') + LENGTH_BYTES;
          this.#authinfoAt = this.#needed;
          this.#stage = 'count';
          break;
        case 'count':
          this.#beginStrings(length);
          break;
        case 'strings':
          this.#needed += this.#checked(length, 'an identity');
          if (--this.#stringsLeft === 0) this.#stage = 'end';
          else this.#needed += LENGTH_BYTES;
          this.#checked(this.#needed - this.#authinfoAt, 'authinfo');
          break;
      }
    }
    return false;
  }

  #beginStrings(count: number): void {
    if (count < -1 || count * ID_BYTES_MIN > this.#bytesMax) {
      throw new WireFault('unreasonable-length', `a quorum packet with ${count} identities`);
    }
    if (count <= 0) {
      this.#stage = 'end';
      return;
    }
    this.#stage = 'strings';
    this.#stringsLeft = count * 2;
    this.#needed += LENGTH_BYTES;
  }

  #checked(length: number, what: string): number {
    if (length < -1 || length > this.#bytesMax) {
      throw new WireFault(
        'unreasonable-length',
        `${what} of ${length} bytes in a quorum packet, at most ${this.#bytesMax} are taken`,
      );
    }
    return Math.max(length, 0);
  }
}
