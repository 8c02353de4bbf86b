import { childPath } from '../../wire/path.ts';
import { recipePath } from '../paths.ts';

/** The lock of an item. Any text will do: what a name must not contain is written as percent and code. */
export function itemLockPath(path: string, item: string): string {
  if (typeof item !== 'string' || item === '') {
    throw new TypeError(`partitioner: an item must be a text that is not empty, not ${JSON.stringify(item)}`);
  }
  return recipePath('partitioner', `${childPath(path, 'locks')}/${nameOf(item)}`);
}

function nameOf(item: string): string {
  try {
    return encodeURIComponent(item).replace(/^\.{1,2}$/, (dots) => dots.replaceAll('.', '%2E'));
  } catch (cause) {
    throw new TypeError(`partitioner: item ${JSON.stringify(item)} is no valid Unicode`, { cause });
  }
}
