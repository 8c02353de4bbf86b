import { childPath } from '../../wire/path.ts';
import { recipePath } from '../paths.ts';

/** The node of a member with an id; throws `TypeError` for an id that can be no name of a node. */
export function memberPath(recipe: string, path: string, id: string): string {
  if (typeof id !== 'string' || id === '' || id.includes('/')) {
    throw new TypeError(`${recipe}: an id must be a name without slashes, not ${JSON.stringify(id)}`);
  }
  return recipePath(recipe, childPath(path, id));
}
