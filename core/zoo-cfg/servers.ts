import type { HostPort, ServerLine } from '../config.ts';
import { BadValue, INT_MAX, integer } from './values.ts';

const EXPECTED =
  'host:quorumPort:electionPort[:participant|:observer][|more addresses][;[clientHost:]clientPort]';

const portOf = integer(1, 65_535);

/** The id in `server.N`. */
export function serverIdOf(text: string): number {
  return integer(0, INT_MAX)(text);
}

/**
 * A member of an ensemble as `server.N` describes it. Addresses parted by `|` are several networks to the same server; what
 * follows `;` is where clients connect, and after a second one where they connect by TLS.
 */
export function parseServerLine(id: number, value: string): ServerLine {
  const [servers = '', client = '', secureClient = '', ...more] = value.split(';');
  if (more.length > 0) throw new BadValue('more than three parts between semicolons', EXPECTED);
  const parsed = servers.split('|').map(parseAddress);
  const roles = new Set(parsed.map(({ role }) => role));
  if (roles.size > 1) throw new BadValue('the addresses of one server have different roles', EXPECTED);
  return {
    id,
    addresses: parsed.map(({ host, quorumPort, electionPort }) => ({ host, quorumPort, electionPort })),
    role: parsed[0]!.role,
    clientAddress: parseClientAddress(client),
    secureClientAddress: parseClientAddress(secureClient),
  };
}

function parseAddress(text: string): {
  host: string;
  quorumPort: number;
  electionPort: number;
  role: ServerLine['role'];
} {
  const [host, quorum, election, role = 'participant', ...more] = splitHost(text);
  if (host === undefined || quorum === undefined || election === undefined || more.length > 0) {
    throw new BadValue(`${text === '' ? 'nothing' : text} is not an address of a server`, EXPECTED);
  }
  if (host === '') throw new BadValue('the host is empty', EXPECTED);
  const quorumPort = portOf(quorum);
  const electionPort = portOf(election);
  if (quorumPort === electionPort) {
    throw new BadValue('quorum port and election port are the same', 'two different ports');
  }
  const lower = role.trim().toLowerCase();
  if (lower !== 'participant' && lower !== 'observer') {
    throw new BadValue(`${role} is not a role`, 'participant or observer');
  }
  return { host, quorumPort, electionPort, role: lower };
}

function parseClientAddress(text: string): HostPort | null {
  if (text.trim() === '') return null;
  const parts = splitHost(text.trim());
  if (parts.length === 1) return { host: null, port: portOf(parts[0]!) };
  if (parts.length === 2) return { host: parts[0]!, port: portOf(parts[1]!) };
  throw new BadValue(`${text} is not an address for clients`, '[host:]port');
}

/** Splits at colons, except those of an IPv6 address in brackets. */
function splitHost(text: string): string[] {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text.trim());
  if (bracketed === null) return text.trim().split(':');
  return [bracketed[1]!, ...(bracketed[2] === undefined ? [] : bracketed[2].split(':'))];
}
