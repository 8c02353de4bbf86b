import { type Acl, Perms } from '../../wire/data.ts';
import { UsageError } from './usage-error.ts';

const letters: readonly (readonly [letter: string, bit: number])[] = [
  ['c', Perms.create],
  ['d', Perms.delete],
  ['r', Perms.read],
  ['w', Perms.write],
  ['a', Perms.admin],
];

const FORM = 'expected scheme:id:permissions with permissions out of cdrwa, for example world:anyone:r';

/** Reads `scheme:id:cdrwa` entries parted by commas. The id may hold colons: a digest does. */
export function parseAcl(text: string): Acl[] {
  return text.split(',').map((entry) => {
    const first = entry.indexOf(':');
    const last = entry.lastIndexOf(':');
    if (first <= 0 || first === last) throw new UsageError(`${entry} is not an ACL: ${FORM}`);
    return {
      perms: parsePerms(entry.slice(last + 1)),
      id: { scheme: entry.slice(0, first), id: entry.slice(first + 1, last) },
    };
  });
}

function parsePerms(text: string): number {
  let perms = 0;
  for (const letter of text) {
    const bit = letters.find(([known]) => known === letter)?.[1];
    if (bit === undefined) throw new UsageError(`${letter} is not a permission: ${FORM}`);
    perms |= bit;
  }
  return perms;
}

export function formatPerms(perms: number): string {
  return letters.map(([letter, bit]) => ((perms & bit) === 0 ? '' : letter)).join('');
}
