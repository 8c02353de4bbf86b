import { ByteReader, ByteWriter } from './bytes.ts';
import { WireFault } from './fault.ts';
import { epochOf } from './ids.ts';

/** What a server of an ensemble is doing. */
export type ServerState = 'looking' | 'following' | 'leading' | 'observing';

/** By their numbers on the wire. */
const STATES: readonly ServerState[] = ['looking', 'following', 'leading', 'observing'];

/** Longest message on the election port; a length of 0 or above this ends the connection. Messages are framed as in wire/frame.ts. */
export const ELECTION_MESSAGE_BYTES_MAX = 524_288;

/**
 * Leader, zxid and peerEpoch of somebody who has no vote: an observer's notifications carry it (Java's Long.MIN_VALUE, which a
 * double holds exactly).
 */
export const NO_VOTE = -(2 ** 63);

/** The form of notifications that carries the sender's configuration. */
export const NOTIFICATION_VERSION = 2;

/**
 * A vote and who holds it for what. Numbers are exact: each is `NO_VOTE` or within ±2^53. Server ids are numbers here and 64 bits
 * on the wire, so a vote for an id above 2^53 cannot be read and is garbled for us; such ids can be given to no server of ours.
 */
export interface Notification {
  /** State of the sender. */
  readonly state: ServerState;
  /** Id of the proposed leader. */
  readonly leader: number;
  /** Last transaction that the proposed leader has logged. */
  readonly zxid: number;
  /** The sender's round (its logical clock). */
  readonly electionEpoch: number;
  /** Epoch of the proposed leader. */
  readonly peerEpoch: number;
  /** Form of the message: 0 before 3.4.6, 1 before 3.5, 2 since. */
  readonly version: number;
  /** Text of the sender's configuration (wire/ensemble-config.ts); null in forms before 2. A view of the message when read. */
  readonly config: Buffer | null;
}

const BYTES_WITHOUT_PEER_EPOCH = 28;
const BYTES_WITHOUT_VERSION = 40;

/** A message without its frame: version 2 with a configuration, and the 40 bytes of version 1 without. */
export function writeNotification(notification: Omit<Notification, 'version'>): Buffer {
  const { config } = notification;
  const writer = new ByteWriter(44 + (config?.length ?? 0));
  writer.writeInt(STATES.indexOf(notification.state));
  writeExact(writer, notification.leader);
  writeExact(writer, notification.zxid);
  writeExact(writer, notification.electionEpoch);
  writeExact(writer, notification.peerEpoch);
  writer.writeInt(config === null ? 1 : NOTIFICATION_VERSION);
  if (config !== null) writer.writeBuffer(config);
  return writer.finish();
}

/**
 * Reads a message of any age: 28 bytes (no peer epoch: that of the zxid), exactly 40 bytes (taken for one without a version, as
 * ZooKeeper does), version 1, version 2 and later ones, whose additions are passed over. Throws `WireFault`, and nothing else, for
 * whatever is none of these; the connection is not at fault then, only the message is of no use.
 */
export function readNotification(bytes: Buffer): Notification {
  const reader = new ByteReader(bytes, 0, bytes.length, ELECTION_MESSAGE_BYTES_MAX);
  const state = STATES[reader.readInt()];
  if (state === undefined) throw new WireFault('malformed', `${bytes.readInt32BE(0)} is no server state`);
  const leader = readExact(reader);
  const zxid = readExact(reader);
  const electionEpoch = readExact(reader);
  if (bytes.length === BYTES_WITHOUT_PEER_EPOCH) {
    return { state, leader, zxid, electionEpoch, peerEpoch: epochOf(zxid), version: 0, config: null };
  }
  const peerEpoch = readExact(reader);
  const version = bytes.length === BYTES_WITHOUT_VERSION ? 0 : reader.readInt();
  const config = version >= NOTIFICATION_VERSION ? readConfig(reader) : null;
  return { state, leader, zxid, electionEpoch, peerEpoch, version, config };
}

function readConfig(reader: ByteReader): Buffer {
  const config = reader.readBuffer();
  if (config === null)
    throw new WireFault('unreasonable-length', 'a notification with a configuration of -1 bytes');
  return config;
}

const WORD = 2 ** 32;
const NO_VOTE_HIGH_WORD = -(2 ** 31);

function readExact(reader: ByteReader): number {
  const high = reader.readInt();
  const low = reader.readInt() >>> 0;
  if (high === NO_VOTE_HIGH_WORD && low === 0) return NO_VOTE;
  const value = high * WORD + low;
  if (!Number.isSafeInteger(value)) {
    throw new WireFault('out-of-range', `64-bit value at offset ${reader.pos - 8} exceeds 2^53`);
  }
  return value;
}

function writeExact(writer: ByteWriter, value: number): void {
  if (value !== NO_VOTE) {
    writer.writeLongExact(value);
    return;
  }
  writer.writeInt(NO_VOTE_HIGH_WORD);
  writer.writeInt(0);
}

/** A message with its length before it, as it goes onto the election port. */
export function frameElectionMessage(message: Buffer): Buffer {
  if (message.length === 0 || message.length > ELECTION_MESSAGE_BYTES_MAX) {
    throw new WireFault('unencodable', `an election message of ${message.length} bytes`);
  }
  const framed = Buffer.allocUnsafe(4 + message.length);
  framed.writeInt32BE(message.length, 0);
  message.copy(framed, 4);
  return framed;
}
