import type { Command } from './command.ts';
import { byCodePoint } from './format.ts';

/** Names of a node's children; empty when there is no such node or it cannot be read. */
export type ListChildren = (path: string) => Promise<readonly string[]>;

/**
 * What the word at the end of a line may become: a command's name, or a path below an existing node. Returns the candidates and
 * the word that each of them replaces, as `node:readline` wants it.
 */
export async function completions(
  line: string,
  commands: readonly Command[],
  listChildren: ListChildren,
): Promise<[candidates: string[], word: string]> {
  const word = /\S*$/.exec(line)![0];
  const before = line.slice(0, line.length - word.length).trim();
  if (before === '') {
    const names = commands.map(({ name }) => name).filter((name) => name.startsWith(word));
    return [names.sort(byCodePoint).map((name) => `${name} `), word];
  }
  const command = commands.find(({ name }) => name === before.split(/\s+/)[0]);
  if (command === undefined || !command.takesPath || (word !== '' && !word.startsWith('/')))
    return [[], word];
  const slash = word.lastIndexOf('/');
  const parent = slash <= 0 ? '/' : word.slice(0, slash);
  const prefix = `${word.slice(0, slash)}/`;
  const names = await listChildren(parent);
  const paths = names.map((name) => prefix + name).filter((path) => path.startsWith(word));
  return [paths.sort(byCodePoint), word];
}
