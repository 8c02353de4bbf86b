/** Why a path is not valid, or null if it is. The rules are those of ZooKeeper's PathUtils. */
export function pathFault(path: string): string | null {
  if (path.length === 0) return 'path is empty';
  if (path.charCodeAt(0) !== SLASH) return 'path must start with /';
  if (path.length === 1) return null;
  if (path.charCodeAt(path.length - 1) === SLASH) return 'path must not end with /';
  let segmentStart = 1;
  for (let i = 1; i <= path.length; i++) {
    const unit = i === path.length ? SLASH : path.charCodeAt(i);
    if (unit === SLASH) {
      const fault = segmentFault(path, segmentStart, i);
      if (fault !== null) return fault;
      segmentStart = i + 1;
    } else if (isForbidden(unit)) {
      return `character U+${unit.toString(16).padStart(4, '0')} at index ${i} is not allowed`;
    }
  }
  return null;
}

/** A sequential node's path may end in a slash: the number follows. */
export function sequentialPathFault(path: string): string | null {
  return pathFault(`${path}1`);
}

const SLASH = 0x2f;
const DOT = 0x2e;

function segmentFault(path: string, start: number, end: number): string | null {
  const length = end - start;
  if (length === 0) return `empty segment at index ${start}`;
  if (path.charCodeAt(start) !== DOT) return null;
  if (length === 1 || (length === 2 && path.charCodeAt(start + 1) === DOT)) {
    return `relative segment ${path.slice(start, end)} at index ${start}`;
  }
  return null;
}

function isForbidden(unit: number): boolean {
  return (
    unit < 0x20 || (unit >= 0x7f && unit <= 0x9f) || (unit >= 0xd800 && unit <= 0xf8ff) || unit >= 0xfff0
  );
}

/** The path above; `/` for a node right below the root. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function childPath(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}

/** Whether `path` is `ancestor` or lies below it. */
export function isWithin(ancestor: string, path: string): boolean {
  return (
    ancestor === '/' ||
    path === ancestor ||
    (path.length > ancestor.length && path.startsWith(ancestor) && path.charCodeAt(ancestor.length) === SLASH)
  );
}

/** Ten digits of a signed 32-bit counter, as Java's `%010d` prints them: `0000000007`, `-000000005`. */
export function sequenceSuffix(counter: number): string {
  const value = counter | 0;
  return value < 0 ? `-${String(-value).padStart(9, '0')}` : String(value).padStart(10, '0');
}
