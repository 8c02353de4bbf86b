import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One server of an ensemble on this machine. */
export interface MemberPlace {
  readonly id: number;
  readonly directory: string;
  readonly clientPort: number;
  readonly quorumPort: number;
  readonly electionPort: number;
}

/** A directory holds something else than the servers that are to be run in it. */
export class EnsembleDirectoryError extends Error {
  readonly code = 'ensemble-directory';

  constructor(message: string) {
    super(message);
    this.name = 'EnsembleDirectoryError';
  }
}

const HOST = '127.0.0.1';

export function memberDirectory(directory: string, id: number): string {
  return join(directory, `server-${id}`);
}

/**
 * Throws `EnsembleDirectoryError` unless the directory is free or was used for as many servers: with other servers a quorum need
 * not have what a quorum acknowledged before.
 */
export function assertFitsEnsemble(directory: string, servers: number): void {
  if (existsSync(join(directory, 'version-2'))) {
    throw new EnsembleDirectoryError(
      `${directory} holds the data of one server alone: leave out --servers, or give another --data`,
    );
  }
  const earlier = membersIn(directory);
  if (earlier !== 0 && earlier !== servers) {
    throw new EnsembleDirectoryError(
      `${directory} holds the data of ${earlier} servers: give --servers ${earlier}, or another --data`,
    );
  }
}

/** Throws `EnsembleDirectoryError` if the directory was used for an ensemble. */
export function assertFitsOne(directory: string): void {
  const earlier = membersIn(directory);
  if (earlier === 0) return;
  throw new EnsembleDirectoryError(
    `${directory} holds the data of ${earlier} servers: give --servers ${earlier}, or another --data`,
  );
}

function membersIn(directory: string): number {
  if (!existsSync(directory)) return 0;
  return readdirSync(directory).filter((name) => /^server-\d+$/.test(name)).length;
}

/**
 * Writes zoo.cfg and myid of a server among `members`; what it has stored stays. Returns the path of zoo.cfg, which
 * `zookit server` takes too.
 */
export function prepareMember(member: MemberPlace, members: readonly MemberPlace[]): string {
  const dataDir = join(member.directory, 'data');
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(join(dataDir, 'myid'), `${member.id}\n`);
  const path = join(member.directory, 'zoo.cfg');
  writeFileSync(path, zooCfg(dataDir, member.clientPort, members));
  return path;
}

function zooCfg(dataDir: string, clientPort: number, members: readonly MemberPlace[]): string {
  const lines = [
    `dataDir=${dataDir}`,
    `clientPort=${clientPort}`,
    `clientPortAddress=${HOST}`,
    // Sessions end soon after their process: half-second ticks, and timeouts from one second to one minute.
    'tickTime=500',
    'minSessionTimeout=1000',
    'maxSessionTimeout=60000',
    'initLimit=20',
    'syncLimit=10',
    'maxClientCnxns=0',
    '4lw.commands.whitelist=*',
    'extendedTypesEnabled=true',
    'autopurge.purgeInterval=1',
    ...members.map(
      ({ id, quorumPort, electionPort }) => `server.${id}=${HOST}:${quorumPort}:${electionPort}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}
