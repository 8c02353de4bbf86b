import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isValidIpId, matchesIpId, parseIp } from '../../../core/auth/ip.ts';
import { AuthProviders } from '../../../core/auth/providers.ts';
import { sha1Base64 } from '../../../core/io/system-clock.ts';
import { fixupAcl, maskDigests } from '../../../core/pipeline/acl.ts';
import { Refusal } from '../../../core/pipeline/refusal.ts';
import type { Acl, Id } from '../../../wire/data.ts';
import { ErrorCode } from '../../../wire/errors.ts';

const superDigest = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='; // super:test
const providers = new AuthProviders({ digestAuthEnabled: true, superDigest }, sha1Base64);
const noDigest = new AuthProviders({ digestAuthEnabled: false, superDigest }, sha1Base64);
const anyone: Acl = { perms: 31, id: { scheme: 'world', id: 'anyone' } };
const entry = (perms: number, scheme: string | null, id: string | null): Acl => ({
  perms,
  id: { scheme, id },
});
const local: Id = { scheme: 'ip', id: '127.0.0.1' };

describe('addresses', () => {
  test.each([
    ['1.2.3.4', [1, 2, 3, 4]],
    ['255.255.255.255', [255, 255, 255, 255]],
    ['::1', [...new Array(15).fill(0), 1]],
    ['::', new Array(16).fill(0)],
    ['fe80::1%eth0', [0xfe, 0x80, ...new Array(13).fill(0), 1]],
    ['2001:db8::8:800:200c:417a', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 8, 8, 0, 0x20, 0xc, 0x41, 0x7a]],
    ['::ffff:10.0.0.1', [10, 0, 0, 1]],
    ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
  ])('%s', (text, bytes) => {
    expect(parseIp(text)).toEqual(bytes);
  });

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1.2.3.-4',
    '1.2.3.4 ',
    'a.b.c.d',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    'g::1',
    '12345::',
    '::1.2.3',
    '1.2.3.4:1::',
  ])('%j is none', (text) => {
    expect(parseIp(text)).toBeNull();
    expect(isValidIpId(text)).toBe(false);
  });

  test.each([
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.1.2.3/32', true],
    ['10.1.2.4', '10.1.2.3/32', false],
    ['10.1.2.3', '0.0.0.0/0', true],
    ['10.1.2.131', '10.1.2.128/25', true],
    ['10.1.2.127', '10.1.2.128/25', false],
    ['10.1.2.3', '10.1.2.3/33', false],
    ['10.1.2.3', '10.1.2.3/', false],
    ['10.1.2.3', '10.1.2.3/8/8', false],
    ['fe80::1', 'fe80::/10', true],
    ['fec0::1', 'fe80::/10', false],
    ['::ffff:10.1.2.3', '10.0.0.0/8', true],
    ['::1', '0.0.0.0/0', false],
    ['nonsense', '0.0.0.0/0', false],
  ])('%s in %s: %s', (address, id, expected) => {
    expect(matchesIpId(address, id)).toBe(expected);
  });

  test('a prefix holds exactly the addresses that share its bits', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    const address = fc.tuple(octet, octet, octet, octet);
    fc.assert(
      fc.property(address, address, fc.integer({ min: 0, max: 32 }), (a, b, bits) => {
        const number = (bytes: number[]): bigint =>
          bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
        const shift = BigInt(32 - bits);
        const expected = number(a) >> shift === number(b) >> shift;
        return matchesIpId(a.join('.'), `${b.join('.')}/${bits}`) === expected;
      }),
    );
  });
});

describe('authentication', () => {
  test('digest: user and the hash of user and password', () => {
    expect(providers.authenticate('digest', Buffer.from('super:test'), '1.2.3.4')).toEqual({
      ok: true,
      ids: [
        { scheme: 'super', id: '' },
        { scheme: 'digest', id: superDigest },
      ],
    });
    const user = providers.authenticate('digest', Buffer.from('u:p:with:colons'), '1.2.3.4');
    expect(user).toEqual({ ok: true, ids: [{ scheme: 'digest', id: `u:${sha1Base64('u:p:with:colons')}` }] });
    expect(providers.authenticate('digest', null, '1.2.3.4').ok).toBe(false);
  });

  test('ip says what is known anyway; every other scheme fails', () => {
    expect(providers.authenticate('ip', Buffer.from('9.9.9.9'), '1.2.3.4')).toEqual({
      ok: true,
      ids: [{ scheme: 'ip', id: '1.2.3.4' }],
    });
    for (const scheme of ['world', 'super', 'auth', 'sasl', '', null]) {
      expect(providers.authenticate(scheme, Buffer.from('super:test'), '1.2.3.4').ok, String(scheme)).toBe(
        false,
      );
    }
    expect(noDigest.authenticate('digest', Buffer.from('super:test'), '1.2.3.4').ok).toBe(false);
  });
});

describe('permissions', () => {
  const alice: Id = { scheme: 'digest', id: 'alice:hash' };
  const root: Id = { scheme: 'super', id: '' };

  test.each<[string, Acl[], number, Id[], boolean]>([
    ['anyone', [anyone], 16, [], true],
    ['not what is not granted', [entry(1, 'world', 'anyone')], 2, [alice], false],
    ['one of several wanted', [entry(16, 'world', 'anyone')], 1 | 16, [], true],
    ['the very user', [entry(31, 'digest', 'alice:hash')], 1, [local, alice], true],
    ['another hash', [entry(31, 'digest', 'alice:other')], 1, [alice], false],
    ['the same id of another scheme', [entry(31, 'x509', 'alice:hash')], 1, [alice], false],
    ['an address', [entry(1, 'ip', '127.0.0.0/8')], 1, [local], true],
    ['an address from elsewhere', [entry(1, 'ip', '10.0.0.0/8')], 1, [local], false],
    ['the super user', [entry(0, 'world', 'anyone')], 31, [local, root], true],
    ['nobody by an empty list', [], 1, [alice], false],
    ['not somebody named anyone', [entry(31, 'digest', 'anyone')], 1, [alice], false],
    ['not by naming the super scheme', [entry(31, 'super', '')], 1, [alice], false],
    [
      'two entries of which the second grants',
      [entry(1, 'ip', '127.0.0.1'), entry(2, 'ip', '127.0.0.1')],
      2,
      [local],
      true,
    ],
  ])('%s', (_, acl, perms, ids, expected) => {
    expect(providers.permits(acl, perms, ids)).toBe(expected);
  });
});

describe('the list as it will be stored', () => {
  const fix = (acl: Acl[] | null, ids: Id[] = [local]) => fixupAcl('/a', acl, ids, providers);
  const alice: Id = { scheme: 'digest', id: 'alice:hash' };

  test.each<[string, Acl[] | null]>([
    ['null', null],
    ['empty', []],
    ['an unknown scheme', [entry(31, 'kerberos', 'alice')]],
    ['no scheme', [entry(31, null, 'alice')]],
    ['no id', [entry(31, 'ip', null)]],
    ['an address that is none', [entry(31, 'ip', 'localhost')]],
    ['a digest without a hash', [entry(31, 'digest', 'alice')]],
    ['a digest with too many parts', [entry(31, 'digest', 'alice:a:b')]],
    ['auth without having authenticated', [entry(31, 'auth', '')]],
    ['somebody else in the world', [entry(31, 'world', 'alice')]],
    ['one bad entry among good ones', [anyone, entry(31, 'digest', 'alice')]],
    ['a character that cannot be written', [entry(31, 'digest', '\u{1F600}:hash')]],
  ])('refuses %s', (_, acl) => {
    expect(() => fix(acl)).toThrow(Refusal);
    try {
      fix(acl);
    } catch (refusal) {
      expect((refusal as Refusal).code).toBe(ErrorCode.InvalidACL);
    }
  });

  test('auth becomes every identity that proves something', () => {
    const bob: Id = { scheme: 'digest', id: 'bob:hash' };
    expect(fix([entry(5, 'auth', 'whatever')], [local, alice, bob])).toEqual([
      { perms: 5, id: alice },
      { perms: 5, id: bob },
    ]);
  });

  test('equal entries stand once, others all', () => {
    expect(
      fix([anyone, anyone, entry(1, 'ip', '::1'), entry(1, 'ip', '::1'), entry(2, 'ip', '::1')]),
    ).toEqual([anyone, entry(1, 'ip', '::1'), entry(2, 'ip', '::1')]);
  });

  test('hashes are masked, the rest is shown', () => {
    expect(maskDigests([entry(31, 'digest', 'alice:secret'), anyone, entry(1, 'ip', '::1')])).toEqual([
      entry(31, 'digest', 'alice:x'),
      anyone,
      entry(1, 'ip', '::1'),
    ]);
  });
});
