import { formatDate } from '../../core/admin/format.ts';
import type { Acl, ClientInfo, Stat } from '../../wire/data.ts';
import { formatSessionId, formatZxid } from '../../wire/ids.ts';
import { formatPerms } from './acl.ts';

/** The lines of a Stat as ZooKeeper's CLI prints them. Times are in UTC. */
export function formatStat(stat: Stat): string[] {
  return [
    `cZxid = ${formatZxid(stat.czxid)}`,
    `ctime = ${formatDate(stat.ctime)}`,
    `mZxid = ${formatZxid(stat.mzxid)}`,
    `mtime = ${formatDate(stat.mtime)}`,
    `pZxid = ${formatZxid(stat.pzxid)}`,
    `cversion = ${stat.cversion}`,
    `dataVersion = ${stat.version}`,
    `aclVersion = ${stat.aversion}`,
    `ephemeralOwner = ${formatSessionId(stat.ephemeralOwner)}`,
    `dataLength = ${stat.dataLength}`,
    `numChildren = ${stat.numChildren}`,
  ];
}

/** Children in the order of their names, in brackets. */
export function formatList(names: readonly string[]): string {
  return `[${[...names].sort(byCodePoint).join(', ')}]`;
}

export function byCodePoint(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Data as text; bytes that are not UTF-8 are shown as hexadecimal, and null apart from nothing. */
export function formatData(data: Uint8Array | null): string {
  if (data === null) return 'null';
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    return `0x${Buffer.from(data).toString('hex')}`;
  }
}

export function formatAcl(acl: readonly Acl[]): string[] {
  return acl.flatMap(({ id, perms }) => [`'${id.scheme},'${id.id}`, `: ${formatPerms(perms)}`]);
}

export function formatIdentities(infos: readonly ClientInfo[]): string[] {
  return ['Auth scheme: User', ...infos.map(({ authScheme, user }) => `${authScheme}: ${user ?? ''}`)];
}

/** A watch that fired. */
export function formatEvent(type: string, path: string): string[] {
  return ['WATCHER::', `type:${type} path:${path}`];
}
