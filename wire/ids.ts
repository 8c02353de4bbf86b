declare const kind: unique symbol;
type Branded<T, K extends string> = T & { readonly [kind]?: K };

/**
 * ZooKeeper transaction id: epoch << 32 | counter, held as a double, which is exact while the epoch is below 2^21
 * (two million leader elections). Leaders assert that when they choose an epoch.
 */
export type Zxid = Branded<number, 'zxid'>;

/** 64-bit session id; the high byte is the id of the server that made it. */
export type SessionId = Branded<bigint, 'session'>;

/** Number of a request on its connection, from 1 upwards; negative ones are reserved (`ReservedXid`). */
export type Xid = Branded<number, 'xid'>;

const TWO_32 = 0x1_0000_0000;

/** Largest epoch whose zxids are exact as doubles. */
export const EPOCH_MAX = 2 ** 21 - 1;

export const ReservedXid = {
  notification: -1,
  ping: -2,
  auth: -4,
  setWatches: -8,
} as const;

export function epochOf(zxid: Zxid): number {
  return Math.floor(zxid / TWO_32);
}

export function counterOf(zxid: Zxid): number {
  return zxid % TWO_32;
}

export function makeZxid(epoch: number, counter: number): Zxid {
  return epoch * TWO_32 + counter;
}

/** `0x` and lower-case hex, as ZooKeeper's tools print zxids. */
export function formatZxid(zxid: Zxid): string {
  return `0x${zxid.toString(16)}`;
}

/** `0x` and lower-case hex of the unsigned value, as ZooKeeper's tools print session ids. */
export function formatSessionId(id: SessionId): string {
  return `0x${BigInt.asUintN(64, id).toString(16)}`;
}
