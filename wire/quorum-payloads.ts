import { ByteReader, ByteWriter } from './bytes.ts';
import { bool, type Codec, type Decoded, encode, int, long, record } from './codec.ts';
import type { Id } from './data.ts';
import { WireFault } from './fault.ts';
import type { SessionId } from './ids.ts';

/** Version of the protocol between learner and leader since 3.4: epochs are agreed on before anything is synchronized. */
export const LEARNER_PROTOCOL_VERSION = 0x10000;
/** What a learner says that names no version. */
const LEARNER_PROTOCOL_VERSION_OLDEST = 1;

/**
 * Stands in the authinfo of this package's FOLLOWERINFO and OBSERVERINFO, which Apache ZooKeeper leaves empty and does not read: the
 * learner removes snapshots too when it is told to cut its history back.
 */
export const CUTS_SNAPSHOTS: Id = { scheme: 'zookit', id: 'cuts-snapshots' };

/** String that ends the snapshot after a SNAP. */
export const SNAP_SIGNATURE = 'BenWasHere';

/**
 * Data of FOLLOWERINFO and OBSERVERINFO. `configVersion` is that of the learner's active configuration: a zxid, 0 for the one
 * of its file.
 */
export interface LearnerInfo {
  /** Null where an ancient learner does not say; ours always says. */
  readonly serverid: number | null;
  readonly protocolVersion: number;
  readonly configVersion: number;
}

/**
 * Reading takes what is there, in this order: the id (8 bytes), the version (12), the configuration's version (20); what a
 * later version may append is passed over. A number above 2^53 is a fault (`out-of-range`).
 */
export const LearnerInfo: Codec<LearnerInfo> = {
  bytesMin: 0,
  read(reader) {
    const size = reader.remaining;
    const info = {
      serverid: size >= 8 ? reader.readLongExact() : null,
      protocolVersion: size >= 12 ? reader.readInt() : LEARNER_PROTOCOL_VERSION_OLDEST,
      configVersion: size >= 20 ? reader.readLongExact() : 0,
    };
    reader.pos = reader.end;
    return info;
  },
  write(writer, info) {
    if (info.serverid === null) throw new WireFault('unencodable', 'a learner without an id');
    writer.writeLongExact(info.serverid);
    writer.writeInt(info.protocolVersion);
    writer.writeLongExact(info.configVersion);
  },
};

/** The same for a packet's data, which an ancient learner leaves out. */
export function readLearnerInfo(data: Buffer | null): LearnerInfo {
  return LearnerInfo.read(new ByteReader(data ?? Buffer.alloc(0)));
}

function present(data: Buffer | null, what: string): ByteReader {
  if (data === null) throw new WireFault('truncated', `${what} without data`);
  return new ByteReader(data, 0, data.length, data.length);
}

/** Data of LEADERINFO: the leader's protocol version. */
export function writeLeaderInfo(protocolVersion = LEARNER_PROTOCOL_VERSION): Buffer {
  return encode(int, protocolVersion);
}

export function readLeaderInfo(data: Buffer | null): number {
  return present(data, 'LEADERINFO').readInt();
}

/** Data of ACKEPOCH: the learner's currentEpoch, or -1 if it had accepted the proposed epoch before and may not vote for it again. */
export function writeAckEpoch(currentEpoch: number): Buffer {
  return encode(int, currentEpoch);
}

export function readAckEpoch(data: Buffer | null): number {
  return present(data, 'ACKEPOCH').readInt();
}

/** Data of REQUEST: what a client asked of the learner. `body` is the request's record, without its header. */
export interface ForwardedRequest {
  readonly sessionId: SessionId;
  readonly cxid: number;
  /** Opcode. */
  readonly type: number;
  readonly body: Buffer;
}

export function writeForwardedRequest(writer: ByteWriter, request: ForwardedRequest): void {
  writer.writeLong(request.sessionId);
  writer.writeInt(request.cxid);
  writer.writeInt(request.type);
  writer.writeRaw(request.body);
}

/** `body` is a view of the data. */
export function readForwardedRequest(data: Buffer | null): ForwardedRequest {
  const reader = present(data, 'REQUEST');
  const sessionId = reader.readLong();
  const cxid = reader.readInt();
  const type = reader.readInt();
  return { sessionId, cxid, type, body: reader.bytes.subarray(reader.pos, reader.end) };
}

/** Data of REVALIDATE from the learner: a session has moved to it, is it alive? The timeout is in milliseconds. */
export const RevalidateRequest = record('RevalidateRequest', { sessionId: long, timeout: int });
export type RevalidateRequest = Decoded<typeof RevalidateRequest>;

/** Data of the leader's REVALIDATE: whether the session is alive. */
export const RevalidateReply = record('RevalidateReply', { sessionId: long, valid: bool });
export type RevalidateReply = Decoded<typeof RevalidateReply>;

const TOUCH_BYTES = 12;

/**
 * Data of a learner's PING: the sessions that it has heard from since its last one, and their timeouts in milliseconds. Calls
 * `touch` for each. Nothing is called unless all of it can be read.
 */
export function readPingReply(
  data: Buffer | null,
  touch: (sessionId: SessionId, timeoutMs: number) => void,
): void {
  if (data === null) return;
  if (data.length % TOUCH_BYTES !== 0) {
    throw new WireFault('malformed', `a ping of ${data.length} bytes is no list of sessions`);
  }
  for (let at = 0; at < data.length; at += TOUCH_BYTES)
    touch(data.readBigInt64BE(at), data.readInt32BE(at + 8));
}

/** A Java leader takes no null here: a learner that has heard nobody answers with empty data. */
export function writePingReply(
  sessions: Iterable<readonly [sessionId: SessionId, timeoutMs: number]>,
): Buffer {
  const writer = new ByteWriter();
  for (const [sessionId, timeoutMs] of sessions) {
    writer.writeLong(sessionId);
    writer.writeInt(timeoutMs);
  }
  return writer.finish();
}

/** Data of INFORMANDACTIVATE: who shall lead in the new configuration, and the transaction as in a PROPOSAL. */
export interface Activation {
  readonly designatedLeader: number;
  /** Empty in a COMMITANDACTIVATE, whose transaction came before. */
  readonly proposal: Buffer;
}

/** Writes the data of COMMITANDACTIVATE (with an empty proposal) and of INFORMANDACTIVATE. */
export function writeActivation(writer: ByteWriter, activation: Activation): void {
  writer.writeLongExact(activation.designatedLeader);
  writer.writeRaw(activation.proposal);
}

/** `proposal` is a view of the data. */
export function readActivation(data: Buffer | null): Activation {
  const reader = present(data, 'an activation');
  const designatedLeader = reader.readLongExact();
  return { designatedLeader, proposal: reader.bytes.subarray(reader.pos, reader.end) };
}
