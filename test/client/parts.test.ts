import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { onAbort } from '../../client/aborts.ts';
import { Chroot } from '../../client/chroot.ts';
import { HostList, parseConnectString } from '../../client/hosts.ts';
import { formatEndpoint } from '../../client/ports.ts';
import { backoffMs } from '../../client/retry.ts';
import { sessionTimes } from '../../client/timing.ts';
import { Rng } from '../kit/seed.ts';

describe('connect strings', () => {
  test.each([
    ['a', ['a:2181'], ''],
    ['a:1,b:2', ['a:1', 'b:2'], ''],
    [' a:1 , b ,', ['a:1', 'b:2181'], ''],
    ['a:1/', ['a:1'], ''],
    ['a:1,b/x/y', ['a:1', 'b:2181'], '/x/y'],
    ['[::1]:7,[fe80::1]', ['[::1]:7', '[fe80::1]:2181'], ''],
    ['::1', ['[::1]:2181'], ''],
    ['10.0.0.1:65535/z', ['10.0.0.1:65535'], '/z'],
  ])('%s', (text, servers, chroot) => {
    const parsed = parseConnectString(text);
    expect(parsed.endpoints.map(formatEndpoint)).toEqual(servers);
    expect(parsed.chroot).toBe(chroot);
  });

  test.each(['', '/', ',', 'a:', 'a:65536', 'a:-1', 'a b:1', 'a:1/x//y', '[::1', 'a:1/../b'])(
    '%j is refused',
    (text) => {
      expect(() => parseConnectString(text)).toThrow(TypeError);
    },
  );
});

describe('the order of servers', () => {
  const endpoints = Array.from({ length: 5 }, (_, i) => ({ host: `h${i}`, port: 1 }));

  test('is shuffled by chance, the same for the same seed', () => {
    const orderOf = (seed: number) => {
      const hosts = new HostList(endpoints, new Rng(seed));
      return endpoints.map(() => hosts.next().host).join();
    };
    expect(orderOf(3)).toBe(orderOf(3));
    const firsts = new Set(Array.from({ length: 200 }, (_, seed) => orderOf(seed).slice(0, 2)));
    expect(firsts.size).toBe(5);
  });

  test('goes round and says when a round is complete', () => {
    const hosts = new HostList(endpoints, new Rng(1));
    const first = Array.from({ length: 5 }, () => hosts.next());
    expect([hosts.roundComplete, hosts.rounds]).toEqual([true, 1]);
    expect(Array.from({ length: 5 }, () => hosts.next())).toEqual(first);
    hosts.next();
    expect([hosts.roundComplete, hosts.rounds]).toEqual([false, 2]);
    hosts.succeeded();
    expect([hosts.roundComplete, hosts.rounds]).toEqual([false, 0]);
  });
});

test('back-off doubles, is bounded, and leaves the upper half to chance', () => {
  const random = new Rng(5);
  for (let round = 0; round < 40; round++) {
    const full = Math.min(5_000, 100 * 2 ** round);
    const delays = Array.from({ length: 50 }, () => backoffMs(round, { baseMs: 100, maxMs: 5_000 }, random));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(full / 2);
    expect(Math.max(...delays)).toBeLessThanOrEqual(full);
    expect(new Set(delays).size).toBeGreaterThan(10);
  }
});

test('the times of a session: a lost ping leaves time for another server before the session can expire', () => {
  expect(sessionTimes(30_000)).toEqual({ readTimeoutMs: 20_000, expiryMs: 40_000, pingAfterMs: 9_000 });
  expect(sessionTimes(120_000).pingAfterMs).toBe(10_000);
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 10_000_000 }), (timeoutMs) => {
      const times = sessionTimes(timeoutMs);
      expect(times.pingAfterMs).toBeGreaterThanOrEqual(1);
      expect(times.pingAfterMs * 2).toBeLessThanOrEqual(Math.max(2, times.readTimeoutMs));
      expect(times.readTimeoutMs).toBeLessThan(timeoutMs);
      expect(times.expiryMs).toBeGreaterThanOrEqual(timeoutMs);
    }),
  );
});

describe('waiting for a signal', () => {
  test('costs one listener, however many wait, and none when nobody does', () => {
    const stop = new AbortController();
    const ran: number[] = [];
    const releases = Array.from({ length: 100 }, (_, i) => onAbort(stop.signal, () => ran.push(i)));
    expect(getEventListeners(stop.signal, 'abort').length).toBe(1);
    for (const release of releases.slice(2)) release();
    releases[5]!();
    expect(getEventListeners(stop.signal, 'abort').length).toBe(1);
    stop.abort();
    expect(ran).toEqual([0, 1]);
    const other = new AbortController();
    onAbort(other.signal, () => ran.push(7))();
    expect(getEventListeners(other.signal, 'abort').length).toBe(0);
    const again = onAbort(other.signal, () => ran.push(8));
    other.abort();
    again();
    expect(ran).toEqual([0, 1, 8]);
  });

  test('one that runs may release another', () => {
    const stop = new AbortController();
    const ran: string[] = [];
    onAbort(stop.signal, () => {
      ran.push('first');
      release();
    });
    const release = onAbort(stop.signal, () => ran.push('second'));
    stop.abort();
    expect(ran).toEqual(['first']);
  });
});

describe('a chroot', () => {
  const chroot = new Chroot('/app');

  test('maps both ways', () => {
    for (const [client, server] of [
      ['/', '/app'],
      ['/a', '/app/a'],
      ['/app', '/app/app'],
    ] as const) {
      expect(chroot.toServer(client)).toBe(server);
      expect(chroot.toClient(server)).toBe(client);
    }
    const none = new Chroot('');
    expect([none.toServer('/'), none.toClient('/a')]).toEqual(['/', '/a']);
  });

  test('does not take a longer name for something below it', () => {
    expect(chroot.contains('/apple')).toBe(false);
    expect(chroot.toClient('/apple')).toBe('/apple');
    expect(chroot.contains('/app/le')).toBe(true);
  });
});
