/** Bytes of an IPv4 or IPv6 address in text; null if it is none. An IPv4 address mapped into IPv6 counts as IPv4. */
export function parseIp(text: string): readonly number[] | null {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): readonly number[] | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  const bytes = parts.map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  return bytes.every((byte) => byte <= 255) ? bytes : null;
}

function parseIpv6(text: string): readonly number[] | null {
  const withoutZone = text.split('%', 1)[0]!;
  const halves = withoutZone.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0]!);
  const tail = halves.length === 2 ? parseGroups(halves[1]!) : [];
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 2 ? missing < 2 : missing !== 0) return null;
  const bytes = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return isMapped ? bytes.slice(12) : bytes;
}

function parseGroups(text: string): number[] | null {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (group.includes('.')) {
      const v4 = index === groups.length - 1 ? parseIpv4(group) : null;
      if (v4 === null) return null;
      bytes.push(...v4);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return null;
      const value = Number.parseInt(group, 16);
      bytes.push(value >>> 8, value & 0xff);
    }
  }
  return bytes;
}

/** An address, or an address with the number of leading bits that count: `10.0.0.0/8`. */
export function isValidIpId(id: string): boolean {
  const [address, bits, ...rest] = id.split('/');
  if (rest.length > 0) return false;
  const bytes = parseIp(address!);
  if (bytes === null) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= bytes.length * 8);
}

export function matchesIpId(address: string, id: string): boolean {
  if (!isValidIpId(id)) return false;
  const [network, bitsText] = id.split('/');
  const have = parseIp(address);
  const want = parseIp(network!)!;
  if (have === null || have.length !== want.length) return false;
  const bits = bitsText === undefined ? want.length * 8 : Number(bitsText);
  for (let i = 0; i < want.length; i++) {
    const bitsHere = Math.min(8, Math.max(0, bits - i * 8));
    const mask = (0xff << (8 - bitsHere)) & 0xff;
    if ((have[i]! & mask) !== (want[i]! & mask)) return false;
  }
  return true;
}
