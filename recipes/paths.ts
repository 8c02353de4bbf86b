import { pathFault } from '../wire/path.ts';

/** The path, if it is one; throws `TypeError` that names the recipe. */
export function recipePath(recipe: string, path: string): string {
  const fault = typeof path === 'string' ? pathFault(path) : `a path must be a string, not ${typeof path}`;
  if (fault !== null) throw new TypeError(`${recipe}: path ${JSON.stringify(path)}: ${fault}`);
  return path;
}
