import type { EnsembleConfig } from '../config.ts';
import { parseServerLine, serverIdOf } from './servers.ts';
import { BadValue, INT_MAX, integer } from './values.ts';

const MEMBER_KEY = /^(server|group|weight)\.(.*)$/;

/** Whether a key describes a member of the ensemble: `server.N`, `group.N` or `weight.N`. */
export function isMemberKey(key: string): boolean {
  return MEMBER_KEY.test(key);
}

type Members = { -readonly [K in keyof EnsembleConfig]: EnsembleConfig[K] };

/** Takes one such key into the ensemble; a later line for the same N replaces an earlier one. */
export function applyMember(ensemble: Members, key: string, value: string): void {
  const match = MEMBER_KEY.exec(key);
  if (match === null) throw new BadValue('not a member of an ensemble', 'server.N, group.N or weight.N');
  const id = idOf(match[2]!, match[1]!);
  switch (match[1]) {
    case 'server':
      ensemble.servers = sorted([
        ...ensemble.servers.filter((server) => server.id !== id),
        parseServerLine(id, value),
      ]);
      return;
    case 'group':
      ensemble.groups = sorted([
        ...ensemble.groups.filter((group) => group.id !== id),
        { id, servers: value.split(':').map(serverIdOf) },
      ]);
      return;
    default:
      ensemble.weights = [
        ...ensemble.weights.filter(({ server }) => server !== id),
        { server: id, weight: integer(0, INT_MAX)(value) },
      ];
  }
}

function idOf(text: string, kind: string): number {
  try {
    return serverIdOf(text);
  } catch {
    throw new BadValue(`${text === '' ? 'nothing' : text} is not a number`, `${kind}.N with a number N`);
  }
}

function sorted<T extends { readonly id: number }>(members: readonly T[]): T[] {
  return [...members].sort((a, b) => a.id - b.id);
}
