const MULTIPLIER = 0x5deece66dn;
const MASK_48 = (1n << 48n) - 1n;
const SUPER_SECRET = 0xb341_5c00n;

/** Length of a session password in bytes. */
export const PASSWORD_BYTES = 16;

/**
 * The password of a session: 16 bytes of java.util.Random seeded with the session id xor a constant. ZooKeeper derives it
 * so, and every server must derive the same one for sessions to move between servers. It keeps clients from taking over a
 * session by accident; it is no secret to an attacker.
 */
export function sessionPassword(sessionId: bigint): Buffer {
  const seed = BigInt.asUintN(64, sessionId ^ SUPER_SECRET);
  let state = (seed ^ MULTIPLIER) & MASK_48;
  const password = Buffer.alloc(PASSWORD_BYTES);
  for (let at = 0; at < PASSWORD_BYTES; at += 4) {
    state = (state * MULTIPLIER + 0xbn) & MASK_48;
    password.writeUInt32LE(Number(BigInt.asUintN(32, state >> 16n)), at);
  }
  return password;
}
