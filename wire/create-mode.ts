/** Flags of create requests (CreateMode). */
export const CreateMode = {
  persistent: 0,
  ephemeral: 1,
  'persistent-sequential': 2,
  'ephemeral-sequential': 3,
  container: 4,
  'persistent-with-ttl': 5,
  'persistent-sequential-with-ttl': 6,
} as const;
export type CreateModeName = keyof typeof CreateMode;
export type CreateMode = (typeof CreateMode)[CreateModeName];

export function isCreateMode(flags: number): flags is CreateMode {
  return Number.isInteger(flags) && flags >= 0 && flags <= 6;
}

export function isSequential(mode: CreateMode): boolean {
  return mode === 2 || mode === 3 || mode === 6;
}

export function isEphemeral(mode: CreateMode): boolean {
  return mode === 1 || mode === 3;
}

export function isTtl(mode: CreateMode): boolean {
  return mode === 5 || mode === 6;
}

/** Owner value of container nodes: Java's Long.MIN_VALUE. */
export const CONTAINER_OWNER = -(2n ** 63n);
/** Longest TTL that fits the 40 bits the owner field leaves for it, in milliseconds (about 34 years). */
export const TTL_MS_MAX = 0xff_ffff_ffff;

export type EphemeralKind = 'none' | 'session' | 'container' | 'ttl';

/**
 * What a raw ephemeralOwner means (EphemeralType). Top byte 0xff marks an extended type and its next two bytes a feature (0 is
 * TTL), if the server runs with extended types; without them every other value is a session id.
 */
export function ephemeralKind(owner: bigint, extendedTypes: boolean): EphemeralKind {
  if (owner === 0n) return 'none';
  if (owner === CONTAINER_OWNER) return 'container';
  if (extendedTypes && BigInt.asUintN(64, owner) >> 56n === 0xffn) return 'ttl';
  return 'session';
}

export function ttlToOwner(ttlMs: number): bigint {
  return BigInt.asIntN(64, 0xff00_0000_0000_0000n | BigInt(ttlMs));
}

export function ownerToTtl(owner: bigint): number {
  return Number(BigInt.asUintN(40, owner));
}
