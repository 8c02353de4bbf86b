import { NoNodeError } from '../../client/errors.ts';
import { childPath } from '../../wire/path.ts';
import type { ShellClient } from './client.ts';
import { byCodePoint } from './format.ts';

/** Nodes whose children are asked for at the same time. */
const BATCH_MAX = 256;

/**
 * Prints a node's path and those of all below it, each before its children and siblings by name. Not a snapshot: what is
 * deleted meanwhile may be missing.
 */
export async function printSubtree(
  client: ShellClient,
  path: string,
  signal: AbortSignal,
  print: (line: string) => void,
): Promise<void> {
  await printBelow(path, await client.children(path, { signal }));

  async function printBelow(parent: string, names: readonly string[]): Promise<void> {
    print(parent);
    const paths = [...names].sort(byCodePoint).map((name) => childPath(parent, name));
    for (let at = 0; at < paths.length; at += BATCH_MAX) {
      const batch = paths.slice(at, at + BATCH_MAX);
      const lists = await Promise.all(batch.map(childrenIfThere));
      for (const [i, list] of lists.entries()) {
        if (list !== null) await printBelow(batch[i]!, list);
      }
    }
  }

  async function childrenIfThere(at: string): Promise<string[] | null> {
    try {
      return await client.children(at, { signal });
    } catch (error) {
      if (error instanceof NoNodeError) return null;
      throw error;
    }
  }
}
