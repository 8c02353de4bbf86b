import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ClosedError,
  ConnectionLossError,
  exponentialBackoff,
  isRetryable,
  NoNodeError,
  type RetryPolicy,
  retry,
  retryForever,
  retryTimes,
  retryUntilElapsed,
  SessionExpiredError,
  withinSession,
} from '../../client/index.ts';
import { ClientWorld } from '../kit/client-world.ts';
import { failureOf } from './scripted.ts';

const context = { operation: 'get', path: '/a' };
const lost = new ConnectionLossError(context, 'not-applied');
const expired = new SessionExpiredError(context, 'not-applied');

/** Delays that a policy gives for failures in a row, each at the time that the delays before it add up to. */
function delays(policy: RetryPolicy, error: unknown = lost, most = 50): number[] {
  const world = new ClientWorld(3);
  const given: number[] = [];
  let elapsedMs = 0;
  for (let retries = 0; retries < most; retries++) {
    const delayMs = policy.delayMs({ retries, elapsedMs, error }, world.random);
    if (delayMs === null) break;
    given.push(delayMs);
    elapsedMs += delayMs;
  }
  return given;
}

describe('policies', () => {
  test('so many times, until elapsed, for ever', () => {
    expect(delays(retryTimes(3, 20))).toEqual([20, 20, 20]);
    expect(delays(retryTimes(0, 20))).toEqual([]);
    expect(delays(retryUntilElapsed(100, 30))).toEqual([30, 30, 30]);
    expect(delays(retryForever(5)).length).toBe(50);
  });

  test('exponential back-off grows to its bound, with the upper half left to chance', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 10_000 }), (baseMs, maxMs) => {
        const given = delays(exponentialBackoff({ baseMs, maxMs, retriesMax: 20 }));
        expect(given.length).toBe(20);
        for (const [i, delayMs] of given.entries()) {
          const full = Math.min(maxMs, baseMs * 2 ** i);
          expect(delayMs).toBeGreaterThanOrEqual(Math.floor(full / 2));
          expect(delayMs).toBeLessThanOrEqual(full);
        }
      }),
    );
  });

  test('within a session, its end is the end', () => {
    expect(delays(withinSession(retryTimes(2, 1)), expired)).toEqual([]);
    expect(delays(withinSession(retryTimes(2, 1)), lost)).toEqual([1, 1]);
  });

  test('refuse what is no number', () => {
    expect(() => retryTimes(-1, 0)).toThrow(RangeError);
    expect(() => retryForever(Number.NaN)).toThrow(/delayMs/);
    expect(() => exponentialBackoff({ baseMs: -1 })).toThrow(/baseMs/);
  });

  test('what is worth another try', () => {
    const closed = new ClosedError(context, 'not-applied');
    const missing = new NoNodeError('NoNode', 'x', context);
    expect([lost, expired, closed, missing, new Error('x')].map(isRetryable)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('retry', () => {
  test('tries until it works, with the delays of the policy', async () => {
    const world = new ClientWorld();
    const tries: [number, number][] = [];
    const work = retry(
      retryTimes(5, 100),
      async (retries) => {
        tries.push([retries, world.monotonicMs()]);
        if (retries < 2) throw lost;
        return 'done';
      },
      { ports: world },
    );
    await world.advance(1_000);
    expect(await work).toBe('done');
    expect(tries).toEqual([
      [0, 1_000],
      [1, 1_100],
      [2, 1_200],
    ]);
    expect(world.timers).toBe(0);
  });

  test('ends with the last failure, with the first that is not worth another try, and with the signal’s reason', async () => {
    const world = new ClientWorld();
    let tries = 0;
    const failing = (error: Error) => () => {
      tries++;
      return Promise.reject(error);
    };
    const bounded = failureOf(retry(retryTimes(2, 1), failing(lost), { ports: world }));
    await world.advance(10);
    expect(await bounded).toBe(lost);
    expect(tries).toBe(3);
    const missing = new NoNodeError('NoNode', 'x', context);
    expect(await failureOf(retry(retryTimes(2, 1), failing(missing), { ports: world }))).toBe(missing);
    expect(tries).toBe(4);
    const stop = new AbortController();
    const waiting = failureOf(
      retry(retryForever(1_000_000), failing(lost), { ports: world, signal: stop.signal }),
    );
    await world.turn();
    stop.abort(new Error('enough'));
    expect(await waiting).toEqual(new Error('enough'));
    expect(world.timers).toBe(0);
  });
});
