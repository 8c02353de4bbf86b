import { describe, expect, test } from 'vitest';
import { firstSessionId, nextSessionId, SessionTracker } from '../../core/session/tracker.ts';
import { withSeed } from '../kit/seed.ts';

describe('SessionTracker', () => {
  test('a session ends at the first tick at or after its timeout, once', () => {
    const tracker = new SessionTracker(1000, 0);
    const session = tracker.track(1n, 2500, 100);
    expect(session.expiresAtMs).toBe(3000);
    expect(tracker.expire(2999)).toEqual([]);
    expect(tracker.expire(3000)).toEqual([session]);
    expect(session.closing).toBe(true);
    expect(tracker.expire(100_000)).toEqual([]);
    expect(tracker.get(1n)).toBe(session);
    tracker.remove(1n);
    expect(tracker.count).toBe(0);
  });

  test('what is heard of it puts its end off, also to an earlier end with a shorter timeout', () => {
    const tracker = new SessionTracker(1000, 0);
    const session = tracker.track(1n, 10_000, 0);
    session.timeoutMs = 2000;
    tracker.touch(session, 500);
    expect(session.expiresAtMs).toBe(3000);
    tracker.touch(session, 2900);
    expect(tracker.expire(4000)).toEqual([]);
    expect(tracker.expire(5000)).toEqual([session]);
    tracker.touch(session, 5001);
    expect(tracker.expire(60_000)).toEqual([]);
  });

  test('a known session is not made anew', () => {
    const tracker = new SessionTracker(1000, 0);
    const session = tracker.track(1n, 3000, 0);
    expect(tracker.track(1n, 9000, 2000)).toBe(session);
    expect([session.timeoutMs, session.expiresAtMs, tracker.count]).toEqual([3000, 6000, 1]);
  });

  test('agrees with a plain list over random histories, at uneven times and after long pauses', async () => {
    await withSeed('test/core/session-tracker.test.ts', (rng) => {
      for (let trial = 0; trial < 60; trial++) {
        const tickMs = rng.pick([1, 50, 100, 2000]);
        let nowMs = rng.below(1_000_000) + rng.below(1000) / 1000;
        const tracker = new SessionTracker(tickMs, nowMs);
        const live = new Map<bigint, number>();
        for (let step = 0; step < 400; step++) {
          nowMs += rng.chance(3) ? rng.below(tickMs * 100) : rng.below(tickMs * 2) / 3;
          const id = BigInt(rng.below(30));
          const session = tracker.get(id);
          const due = (timeoutMs: number): number => (Math.floor((nowMs + timeoutMs) / tickMs) + 1) * tickMs;
          if (session === undefined) {
            const timeoutMs = tickMs * rng.between(2, 20);
            tracker.track(id, timeoutMs, nowMs);
            live.set(id, due(timeoutMs));
          } else if (rng.chance(40)) {
            tracker.touch(session, nowMs);
            live.set(id, due(session.timeoutMs));
          } else if (rng.chance(10)) {
            tracker.remove(id);
            live.delete(id);
          }
          const expired = tracker.expire(nowMs).map(({ id: gone }) => gone);
          const expected = [...live].filter(([, at]) => at <= nowMs).map(([gone]) => gone);
          expect(new Set(expired)).toEqual(new Set(expected));
          for (const gone of expired) {
            live.delete(gone);
            tracker.remove(gone);
          }
          expect(tracker.nextExpiryMs).toBeGreaterThan(nowMs);
          expect(tracker.nextExpiryMs).toBeLessThanOrEqual(nowMs + tickMs);
        }
        expect(tracker.count).toBe(live.size);
      }
    });
  });
});

describe('session ids', () => {
  test('the server in the high byte, 40 bits of the clock, then a counter', () => {
    expect(firstSessionId(1, 0x18bcfe56800)).toBe(0x01_8bcfe56800_0000n);
    expect(BigInt.asUintN(64, firstSessionId(254, 0xffff_ffff_ffff))).toBe(0xfe_ffffffffff_0000n);
    expect(firstSessionId(254, 1)).toBeLessThan(0n);
    expect(firstSessionId(1, 2000) - firstSessionId(1, 1999)).toBe(0x1_0000n);
  });

  test('count on, wrap, and leave out the value that marks containers', () => {
    expect(nextSessionId(5n)).toBe(6n);
    expect(nextSessionId(-1n)).toBe(0n);
    expect(nextSessionId(2n ** 63n - 1n)).toBe(-(2n ** 63n) + 1n);
  });
});
