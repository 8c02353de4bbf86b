import { WireFault } from './fault.ts';
import { formatServerLine, parseServerLine, type ServerLine } from './server-line.ts';

/** Who is in an ensemble and how their votes count: what ZooKeeper calls a quorum verifier. */
export interface EnsembleMembers {
  readonly servers: readonly ServerLine[];
  /** `group.N`: ids of the servers in each group; empty where a plain majority rules. */
  readonly groups: readonly { readonly id: number; readonly servers: readonly number[] }[];
  /** `weight.N`: votes of a server, 1 where nothing is said. */
  readonly weights: readonly { readonly server: number; readonly weight: number }[];
}

/** Members and the zxid of the transaction that made them so, 0 for those of the configuration file. */
export interface EnsembleVersion extends EnsembleMembers {
  readonly version: number;
}

/**
 * The text that stands in NEWLEADER, in notifications, in /zookeeper/config and in dynamic configuration files: a line for each
 * member, group and weight, in the order given, then `version=` and hexadecimal digits, with no newline after it.
 */
export function formatEnsemble(ensemble: EnsembleVersion): string {
  const lines = [
    ...ensemble.servers.map((server) => `server.${server.id}=${formatServerLine(server)}`),
    ...ensemble.groups.map((group) => `group.${group.id}=${group.servers.join(':')}`),
    ...ensemble.weights.map(({ server, weight }) => `weight.${server}=${weight}`),
    `version=${ensemble.version.toString(16)}`,
  ];
  return lines.join('\n');
}

type Draft = {
  servers: Map<number, ServerLine>;
  groups: Map<number, EnsembleMembers['groups'][number]>;
  weights: Map<number, EnsembleMembers['weights'][number]>;
  version: number;
};

/**
 * Reads that text. Blank lines and comments are passed over, a later line for the same N takes the place of an earlier one, and a
 * text without version has version 0. What ZooKeeper refuses is refused, with `WireFault` and nothing else: a line that is no
 * `key=value`, an unknown key, a member that cannot be read, a server in two groups, and in a configuration with groups or weights
 * a voter without a group.
 */
export function parseEnsemble(text: string): EnsembleVersion {
  const draft: Draft = { servers: new Map(), groups: new Map(), weights: new Map(), version: 0 };
  for (const raw of text.split(/\r\n|[\r\n]/)) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith('!')) continue;
    take(draft, line);
  }
  const ensemble = {
    servers: [...draft.servers.values()],
    groups: [...draft.groups.values()],
    weights: [...draft.weights.values()],
    version: draft.version,
  };
  checkGroups(ensemble);
  return ensemble;
}

const LINE = /^(?:(server|group|weight)\.([^=]*?)|version)\s*=\s*(.*)$/;

function take(draft: Draft, line: string): void {
  const match = LINE.exec(line);
  if (match === null) throw malformed(line, 'server.N=, group.N=, weight.N= or version=');
  const [, kind, key = '', value = ''] = match;
  if (kind === undefined) {
    draft.version = versionOf(value, line);
    return;
  }
  const id = numberOf(key, line);
  if (kind === 'server') draft.servers.set(id, parseServerLine(id, value));
  else if (kind === 'group') {
    draft.groups.set(id, { id, servers: value.split(':').map((server) => numberOf(server, line)) });
  } else draft.weights.set(id, { server: id, weight: numberOf(value, line) });
}

function malformed(line: string, expected: string): WireFault {
  return new WireFault(
    'malformed',
    `${JSON.stringify(line.slice(0, 200))} in a configuration, expected ${expected}`,
  );
}

/** Ids and weights: decimal, exact as a number. */
function numberOf(text: string, line: string): number {
  if (!/^\+?\d{1,19}$/.test(text)) throw malformed(line, 'a decimal number');
  return exact(Number(text), line);
}

function versionOf(text: string, line: string): number {
  if (!/^\+?[0-9a-fA-F]{1,16}$/.test(text)) throw malformed(line, 'version= and hexadecimal digits');
  return exact(Number.parseInt(text, 16), line);
}

function exact(value: number, line: string): number {
  if (Number.isSafeInteger(value)) return value;
  throw new WireFault('out-of-range', `${JSON.stringify(line.slice(0, 200))} has a number above 2^53`);
}

function checkGroups({ servers, groups, weights }: EnsembleMembers): void {
  if (groups.length === 0 && weights.length === 0) return;
  const grouped = new Set<number>();
  for (const group of groups) {
    for (const server of group.servers) {
      if (grouped.has(server)) throw new WireFault('malformed', `server ${server} is in two groups`);
      grouped.add(server);
    }
  }
  for (const { id, role } of servers) {
    if (role === 'participant' && !grouped.has(id))
      throw new WireFault('malformed', `server ${id} is in no group`);
  }
}
