import { expect, it } from 'vitest';
import {
  formatAcl,
  formatData,
  formatIdentities,
  formatList,
  formatStat,
} from '../../../cli/shell/format.ts';

it("a stat has the eleven lines of ZooKeeper's CLI", () => {
  expect(
    formatStat({
      czxid: 0x10,
      mzxid: 0x100000002,
      ctime: Date.UTC(2026, 10, 22, 11, 0, 35),
      mtime: 0,
      version: 3,
      cversion: -1,
      aversion: 0,
      ephemeralOwner: -1n,
      dataLength: 5,
      numChildren: 2,
      pzxid: 0x11,
    }).join('\n'),
  ).toBe(`cZxid = 0x10
ctime = Sun Nov 22 11:00:35 UTC 2026
mZxid = 0x100000002
mtime = Thu Jan 01 00:00:00 UTC 1970
pZxid = 0x11
cversion = -1
dataVersion = 3
aclVersion = 0
ephemeralOwner = 0xffffffffffffffff
dataLength = 5
numChildren = 2`);
});

it('children are sorted and in brackets', () => {
  expect(formatList(['b', 'a', 'B'])).toBe('[B, a, b]');
  expect(formatList([])).toBe('[]');
});

it('data is text where it can be', () => {
  expect(formatData(null)).toBe('null');
  expect(formatData(Buffer.alloc(0))).toBe('');
  expect(formatData(Buffer.from('grün'))).toBe('grün');
  expect(formatData(Buffer.from([0xff, 0x00]))).toBe('0xff00');
});

it('ACLs and identities', () => {
  expect(formatAcl([{ perms: 31, id: { scheme: 'world', id: 'anyone' } }])).toEqual([
    "'world,'anyone",
    ': cdrwa',
  ]);
  expect(formatIdentities([{ authScheme: 'ip', user: '127.0.0.1' }])).toEqual([
    'Auth scheme: User',
    'ip: 127.0.0.1',
  ]);
});
