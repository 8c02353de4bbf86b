import { expect, it } from 'vitest';
import { readableLine } from '../../cli/log-format.ts';

const plain = (entry: object): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with an escape character
  readableLine(JSON.stringify(entry)).replace(/\x1b\[\d+m/g, '');

it('a line has the time of day, the level, the message and the fields', () => {
  const entry = { level: 'warn', time: '2026-11-22T11:02:45.123Z', pid: 7, msg: 'slow', path: '/x', ms: 5 };
  expect(plain(entry)).toBe('11:02:45.123 WARN  slow path=/x ms=5\n');
});

it('an error is followed by its stack', () => {
  const error = { type: 'Error', message: 'broken', stack: 'Error: broken\n    at here' };
  const entry = { level: 'error', time: '2026-11-22T11:02:45.123Z', pid: 7, error, msg: 'stopping' };
  expect(plain(entry)).toBe('11:02:45.123 ERROR stopping error=broken\nError: broken\n    at here\n');
});
