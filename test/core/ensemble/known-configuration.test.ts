import { describe, expect, test } from 'vitest';
import { KnownConfiguration } from '../../../core/ensemble/known-configuration.ts';

const text = (...lines: string[]): Buffer => Buffer.from(lines.join('\n'));

const own = text(
  'server.1=127.0.0.1:2888:3888:participant',
  'server.2=127.0.0.1:2889:3889:participant',
  'server.3=127.0.0.1:2890:3890:observer',
  'version=0',
);

describe('the configuration that a member knows', () => {
  test('is the one of its file, version 0', () => {
    const known = new KnownConfiguration(own);
    expect([known.text.toString(), known.version]).toEqual([own.toString(), 0]);
  });

  test('takes over the version that another server has given it, and keeps its own words', () => {
    const known = new KnownConfiguration(own);
    const theirs = text(
      'server.2=127.0.0.1:2889:3889:participant;127.0.0.1:2181',
      'server.3=127.0.0.1:2890:3890:observer',
      'server.1=127.0.0.1:2888:3888',
      'version=700000000',
    );
    expect(known.adopt(theirs)).toBe(true);
    expect(known.version).toBe(0x7_0000_0000);
    expect(known.text.toString()).toBe(own.toString().replace('version=0', 'version=700000000'));
  });

  test('does not go back to an earlier one', () => {
    const known = new KnownConfiguration(own);
    known.adopt(text(own.toString().replace('version=0', 'version=300000000')));
    expect(known.adopt(text(own.toString().replace('version=0', 'version=200000000')))).toBe(true);
    expect(known.version).toBe(0x3_0000_0000);
  });

  test.each([
    [
      'another port',
      ['server.1=127.0.0.1:2888:3888', 'server.2=127.0.0.1:2889:9', 'server.3=127.0.0.1:2890:3890:observer'],
    ],
    [
      'an observer that votes',
      ['server.1=127.0.0.1:2888:3888', 'server.2=127.0.0.1:2889:3889', 'server.3=127.0.0.1:2890:3890'],
    ],
    ['a server fewer', ['server.1=127.0.0.1:2888:3888', 'server.2=127.0.0.1:2889:3889']],
    ['what is no configuration', ['server.1=nowhere']],
  ])('is not taken over with %s', (_, lines) => {
    const known = new KnownConfiguration(own);
    expect(known.adopt(text(...lines, 'version=700000000'))).toBe(false);
    expect([known.text.toString(), known.version]).toEqual([own.toString(), 0]);
  });

  test('weights of one are the same as none, and groups count', () => {
    const groups = ['group.1=1:2', 'weight.1=1', 'weight.2=2'];
    const servers = own.toString().split('\n').slice(0, 3);
    const known = new KnownConfiguration(text(...servers, ...groups, 'version=0'));
    expect(known.adopt(text(...servers, 'group.1=2:1', 'weight.2=2', 'version=5'))).toBe(true);
    expect(known.adopt(text(...servers, 'group.1=2:1', 'weight.2=3', 'version=6'))).toBe(false);
    expect(known.version).toBe(5);
  });
});
