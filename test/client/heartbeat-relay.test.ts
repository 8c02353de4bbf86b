import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Deadlines } from '../../client/deadlines.ts';
import { PingRelay } from '../../client/heartbeat/relay.ts';
import { Identity } from '../../client/identity.ts';

/** A frame that begins with a number, as requests and replies do. */
function frame(xid: number, bodyBytes: number): Buffer {
  const bytes = Buffer.alloc(8 + bodyBytes, xid & 0xff);
  bytes.writeInt32BE(4 + bodyBytes);
  bytes.writeInt32BE(xid, 4);
  return bytes;
}

const pong = (): Buffer => frame(-2, 12);

test('the owner gets every byte but the answers to the relay’s own pings, however they are cut and mixed', () => {
  const step = fc.oneof(
    fc.constant('ping' as const),
    fc.constant('own ping' as const),
    fc.record({ request: fc.nat(60) }),
    fc.record({ event: fc.nat(40) }),
    fc.record({ deliver: fc.integer({ min: 1, max: 50 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const relay = new PingRelay();
      const expected: Buffer[] = [];
      const got: Buffer[] = [];
      const answered: bigint[] = [];
      let sent = 0n;
      let wire = Buffer.alloc(0);
      const arrive = (bytes: Buffer): void => {
        got.push(...relay.received(bytes, (sentNs) => answered.push(sentNs)));
      };
      const answer = (bytes: Buffer, forOwner = true): void => {
        wire = Buffer.concat([wire, bytes]);
        if (forOwner) expected.push(bytes);
      };
      for (const each of steps) {
        if (each === 'ping') {
          relay.written(Buffer.concat([frame(3, 5), frame(-2, 0)]));
          answer(frame(3, 16));
          answer(pong());
        } else if (each === 'own ping') {
          relay.pinged(++sent);
          answer(pong(), false);
        } else if ('request' in each) {
          relay.written(frame(7, each.request));
          answer(frame(7, 12 + each.request));
        } else if ('event' in each) answer(frame(-1, each.event));
        else {
          arrive(wire.subarray(0, each.deliver));
          wire = wire.subarray(each.deliver);
        }
      }
      arrive(wire);
      expect(Buffer.concat(got).equals(Buffer.concat(expected))).toBe(true);
      expect(answered).toEqual(Array.from({ length: Number(sent) }, (_, i) => BigInt(i + 1)));
      expect(relay.pingable).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test('what is no frame is passed on as it is: a four-letter word and its answer, or garbage', () => {
  const relay = new PingRelay();
  relay.written(Buffer.from('isro'));
  expect(relay.received(Buffer.from('rw'), () => {})).toEqual([Buffer.from('rw')]);
  const garbled = new PingRelay();
  const zeros = Buffer.alloc(64);
  expect(Buffer.concat(garbled.received(zeros, () => {}))).toEqual(zeros);
  expect(garbled.pingable).toBe(false);
  expect(garbled.received(pong(), () => {})).toEqual([pong()]);
});

test('answers to pings that were sent for us tell of having been away once, and prove the session no later than they were sent', () => {
  const identity = new Identity(30_000);
  identity.sessionId = 1n;
  const deadlines = new Deadlines(identity, 5_000);
  deadlines.enter('connecting', 0);
  deadlines.asked(0);
  deadlines.agreed();
  deadlines.enter('ready', 0);
  // While the process runs, nobody was away.
  expect(deadlines.answeredForUs(12_000, 11_000)).toBe(0);
  expect(deadlines.safeForMs(12_000)).toBe(29_000);
  // Stopped from 12 s to 100 s; five answers wait, of which the last is fresh.
  expect(deadlines.safeForMs(100_000)).toBe(0);
  expect(deadlines.answeredForUs(100_000, 22_000)).toBe(89_000);
  for (const sentMs of [41_000, 60_000, 79_000, 95_000])
    expect(deadlines.answeredForUs(100_000, sentMs)).toBe(0);
  expect(deadlines.safeForMs(100_000)).toBe(25_000);
  expect(deadlines.due(100_000)).toBe('ping');
  // Shorter than two thirds of the session: nothing was in doubt.
  expect(deadlines.answeredForUs(114_000, 113_000)).toBe(0);
  // Away again, and told again.
  expect(deadlines.answeredForUs(140_000, 139_000)).toBe(27_000);
});
