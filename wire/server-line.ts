import { WireFault } from './fault.ts';
import { delimitedHost, portOf, splitHost } from './host-port.ts';

/** A member of an ensemble, as `server.N` describes it. */
export interface ServerLine {
  readonly id: number;
  /** More than one where a server is reached over several networks. */
  readonly addresses: readonly {
    readonly host: string;
    readonly quorumPort: number;
    readonly electionPort: number;
  }[];
  readonly role: 'participant' | 'observer';
  readonly clientAddress: HostPort | null;
  readonly secureClientAddress: HostPort | null;
}

export interface HostPort {
  /** Null for every address of the machine. */
  readonly host: string | null;
  readonly port: number;
}

/** The text after `server.N=` that cannot be used: why, and what would be. */
export class ServerLineFault extends WireFault {
  readonly reason: string;
  readonly expected: string;

  constructor(reason: string, expected: string) {
    super('malformed', `${reason}, expected ${expected}`);
    this.name = 'ServerLineFault';
    this.reason = reason;
    this.expected = expected;
  }
}

const EXPECTED =
  'host:quorumPort:electionPort[:participant|:observer][|more addresses][;[clientHost:]clientPort]';

/**
 * Reads what stands after `server.N=`. Addresses parted by `|` are several networks to the same server, of
 * which one may name the role for all; what follows `;` is where clients connect, and after a second one where they connect by
 * TLS. Throws `ServerLineFault`.
 */
export function parseServerLine(id: number, value: string): ServerLine {
  const [servers = '', client = '', secureClient = '', ...more] = value.split(';');
  if (more.length > 0) throw new ServerLineFault('more than three parts between semicolons', EXPECTED);
  const parsed = servers.split('|').map(parseAddress);
  const roles = new Set(parsed.flatMap(({ role }) => role ?? []));
  if (roles.size > 1) throw new ServerLineFault('the addresses of one server have different roles', EXPECTED);
  return {
    id,
    addresses: parsed.map(({ host, quorumPort, electionPort }) => ({ host, quorumPort, electionPort })),
    role: [...roles][0] ?? 'participant',
    clientAddress: parseClientAddress(client),
    secureClientAddress: parseClientAddress(secureClient),
  };
}

function parseAddress(text: string): ServerLine['addresses'][number] & { role: ServerLine['role'] | null } {
  const [host, quorum, election, role, ...more] = splitHost(text.trim());
  if (host === undefined || quorum === undefined || election === undefined || more.length > 0) {
    throw new ServerLineFault(`${text === '' ? 'nothing' : text} is not an address of a server`, EXPECTED);
  }
  if (host === '') throw new ServerLineFault('the host is empty', EXPECTED);
  const quorumPort = checkedPort(quorum);
  const electionPort = checkedPort(election);
  if (quorumPort === electionPort) {
    throw new ServerLineFault('quorum port and election port are the same', 'two different ports');
  }
  return { host, quorumPort, electionPort, role: role === undefined ? null : roleOf(role) };
}

function roleOf(text: string): ServerLine['role'] {
  const lower = text.trim().toLowerCase();
  if (lower !== 'participant' && lower !== 'observer') {
    throw new ServerLineFault(`${text} is not a role`, 'participant or observer');
  }
  return lower;
}

function parseClientAddress(text: string): HostPort | null {
  if (text.trim() === '') return null;
  const parts = splitHost(text.trim());
  if (parts.length === 1) return { host: null, port: checkedPort(parts[0]!) };
  if (parts.length === 2) return { host: parts[0]!, port: checkedPort(parts[1]!) };
  throw new ServerLineFault(`${text} is not an address for clients`, '[host:]port');
}

function checkedPort(text: string): number {
  const port = portOf(text);
  if (port !== null) return port;
  const reason = /^[+-]?\d+$/.test(text) ? 'out of range' : 'not an integer';
  throw new ServerLineFault(reason, 'an integer from 1 to 65535');
}

/** What stands after `server.N=` as ZooKeeper writes it: always with the role, and 0.0.0.0 for every address of the machine. */
export function formatServerLine(server: ServerLine): string {
  const addresses = server.addresses.map(
    ({ host, quorumPort, electionPort }) => `${delimitedHost(host)}:${quorumPort}:${electionPort}`,
  );
  const client = formatClientAddress(server.clientAddress);
  const secureClient = formatClientAddress(server.secureClientAddress);
  const ports = secureClient !== '' ? `;${client};${secureClient}` : client !== '' ? `;${client}` : '';
  return `${addresses.join('|')}:${server.role}${ports}`;
}

function formatClientAddress(address: HostPort | null): string {
  return address === null ? '' : `${delimitedHost(address.host ?? '0.0.0.0')}:${address.port}`;
}
