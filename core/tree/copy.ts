/**
 * Copies memory in words of four bytes: for the few hundred bytes of a znode that is three times as fast as byte by byte, and
 * faster than the way into native code.
 */
export function copyWords(from: DataView, fromAt: number, to: DataView, toAt: number, length: number): void {
  const words = length & ~3;
  let at = 0;
  for (; at < words; at += 4) to.setInt32(toAt + at, from.getInt32(fromAt + at));
  for (; at < length; at++) to.setUint8(toAt + at, from.getUint8(fromAt + at));
}
