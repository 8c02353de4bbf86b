/** An address as it is told: a host name or an IP address, IPv6 without brackets. */
export interface HostAddress {
  readonly host: string;
  readonly port: number;
}

/** `host`, in brackets if it is an IPv6 address. */
export function delimitedHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Splits at colons, except those of an IPv6 address in brackets, which lose them. The first part is the host, or all there is. */
export function splitHost(text: string): string[] {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/s.exec(text);
  if (bracketed === null) return text.split(':');
  return [bracketed[1]!, ...(bracketed[2] === undefined ? [] : bracketed[2].split(':'))];
}

/** Whether a host stands for every address of its machine, so that nobody else can use it: 0.0.0.0, ::, or nothing. */
export function isWildcardHost(host: string): boolean {
  return /^(0+(\.0+){0,3}|(?=.*:)[0:]*)$/.test(host);
}

/** A port that can be connected to, or null: decimal digits only, 1 to 65535. */
export function portOf(text: string): number | null {
  if (!/^\+?\d{1,10}$/.test(text)) return null;
  const port = Number(text);
  return port >= 1 && port <= 65_535 ? port : null;
}
