import { describe, expect, test } from 'vitest';
import {
  childPath,
  isWithin,
  nameOf,
  parentOf,
  pathFault,
  sequenceSuffix,
  sequentialPathFault,
} from '../../wire/path.ts';
import { pathTable } from './path-table.ts';

test.each(pathTable)('the path %j is valid: %s', (path, valid) => {
  expect(pathFault(path) === null).toBe(valid);
});

test('every character is accepted or refused as ZooKeeper does', () => {
  const refused: [number, number][] = [
    [0, 0x1f],
    [0x7f, 0x9f],
    [0xd800, 0xf8ff],
    [0xfff0, 0xffff],
  ];
  for (let code = 0; code <= 0xffff; code++) {
    if (code === 0x2f || code === 0x2e) continue; // slash and dot have meanings
    const expected = !refused.some(([low, high]) => code >= low && code <= high);
    if ((pathFault(`/a${String.fromCharCode(code)}`) === null) !== expected) {
      expect.fail(`U+${code.toString(16)} should be ${expected ? 'accepted' : 'refused'}`);
    }
  }
});

test('a sequential path may end in a slash, since a number follows', () => {
  expect(sequentialPathFault('/a/')).toBeNull();
  expect(sequentialPathFault('/')).toBeNull();
  expect(sequentialPathFault('/a/.')).toBeNull();
  expect(sequentialPathFault('//')).not.toBeNull();
  expect(sequentialPathFault('a')).not.toBeNull();
  expect(sequentialPathFault('')).not.toBeNull();
});

// Java's String.format("%010d", n)
test.each([
  [0, '0000000000'],
  [7, '0000000007'],
  [2147483647, '2147483647'],
  [2147483648, '-2147483648'],
  [-1, '-000000001'],
  [-5, '-000000005'],
  [-2147483648, '-2147483648'],
])('the number %i of a sequential node is written %s', (counter, suffix) => {
  expect(sequenceSuffix(counter)).toBe(suffix);
});

describe('parts of a path', () => {
  test.each([
    ['/', '/', ''],
    ['/a', '/', 'a'],
    ['/a/b', '/a', 'b'],
    ['/a/b/c', '/a/b', 'c'],
  ])('%s', (path, parent, name) => {
    expect(parentOf(path)).toBe(parent);
    expect(nameOf(path)).toBe(name);
    if (name !== '') expect(childPath(parent, name)).toBe(path);
  });

  test.each([
    ['/', '/', true],
    ['/', '/a/b', true],
    ['/a', '/a', true],
    ['/a', '/a/b', true],
    ['/a', '/ab', false],
    ['/a/b', '/a', false],
  ])('%s contains %s: %s', (ancestor, path, expected) => {
    expect(isWithin(ancestor, path)).toBe(expected);
  });
});
