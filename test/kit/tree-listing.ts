import { OpCode } from '../../wire/opcodes.ts';
import type { RawClient } from './raw-client.ts';

/**
 * All that a server shows of its nodes, by path: data, Stat and ACL. A sync comes first, so that it is not behind what was
 * acknowledged anywhere before the call.
 */
export async function listTree(client: RawClient): Promise<Map<string, string>> {
  await client.call(OpCode.sync, { path: '/' });
  const listing = new Map<string, string>();
  let level = ['/'];
  while (level.length > 0) {
    const next: string[][] = [];
    for (const [path, shown, children] of await Promise.all(level.map((path) => list(client, path)))) {
      listing.set(path, shown);
      next.push(children);
    }
    level = next.flat();
  }
  return listing;
}

async function list(
  client: RawClient,
  path: string,
): Promise<[path: string, shown: string, children: string[]]> {
  const [{ data, stat }, { acl }, { children }] = await Promise.all([
    client.call(OpCode.getData, { path, watch: false }),
    client.call(OpCode.getACL, { path }),
    client.call(OpCode.getChildren, { path, watch: false }),
  ]);
  const lists = (acl ?? []).map(({ perms, id }) => `${perms} ${id.scheme}:${id.id}`);
  const bytes = data === null ? 'null' : Buffer.from(data).toString('hex');
  const shown = [bytes, lists.join(','), ...Object.values(stat).map(String)].join(' | ');
  return [path, shown, (children ?? []).map((name) => `${path === '/' ? '' : path}/${name}`)];
}
