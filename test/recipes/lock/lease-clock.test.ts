import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { connect } from '../../../client/index.ts';
import { InterProcessMutex } from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { OpCode } from '../../../wire/opcodes.ts';
import { connected } from '../../client/scripted.ts';
import { errorReply, reply } from '../../kit/client-world.ts';
import { hold, passSeconds, stop } from './scripted-hold.ts';

/** Three quarters of the scripted session's timeout. */
const SAFE_MS = 22_500;

describe('safeForMs', () => {
  test('counts from when the latest answered request was sent, and is 0 at the end', async () => {
    const scripted = await connected();
    const { world, client } = scripted;
    const lease = await hold(scripted);
    const before = lease.safeForMs();
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThanOrEqual(SAFE_MS);
    await world.advance(1_000);
    expect(lease.safeForMs()).toBe(before - 1_000);
    const read = client.exists('/a');
    await world.turn();
    const [request] = world.link.take();
    await world.advance(3_000);
    await world.link.send(errorReply(request!.xid, 6, -101));
    expect(await read).toBeNull();
    // The answer is worth what its question is.
    expect(lease.safeForMs()).toBe(SAFE_MS - 3_000);
    stop(scripted, SAFE_MS);
    expect(lease.safeForMs()).toBe(0);
    expect(lease.signal.reason).toMatchObject({ reason: 'in-doubt' });
  });

  test('is 0 once the connection is lost, though the session may live', async () => {
    const scripted = await connected();
    const lease = await hold(scripted);
    await scripted.world.link.close();
    expect(scripted.client.safeForMs).toBeGreaterThan(0);
    expect([lease.safeForMs(), lease.held]).toEqual([0, false]);
  });

  test('is at most what is left of leaseMs', async () => {
    const scripted = await connected();
    const lease = await hold(scripted, { leaseMs: 5_000 });
    expect(lease.safeForMs()).toBe(5_000);
    await scripted.world.advance(2_000);
    expect(lease.safeForMs()).toBe(3_000);
  });
});

describe('a signal that was kept', () => {
  test('tells the truth right after a stop, and its listeners hear of it then', async () => {
    for (const ask of ['aborted', 'reason', 'throwIfAborted'] as const) {
      const scripted = await connected();
      const { signal } = await hold(scripted);
      let heard = 0;
      signal.addEventListener('abort', () => heard++);
      expect([signal.aborted, signal.reason]).toEqual([false, undefined]);
      signal.throwIfAborted();
      stop(scripted, SAFE_MS - 1);
      expect(signal.aborted).toBe(false);
      stop(scripted, 1);
      const expected = { code: 'LeaseEnded', reason: 'in-doubt' };
      if (ask === 'aborted') expect(signal.aborted).toBe(true);
      if (ask === 'reason') expect(signal.reason).toMatchObject(expected);
      if (ask === 'throwIfAborted') expect(() => signal.throwIfAborted()).toThrow(/in doubt/);
      expect(heard).toBe(1);
      expect(signal.reason).toMatchObject(expected);
      expect(heard).toBe(1);
    }
  });

  test('is an AbortSignal to AbortSignal.any, events and fetch', async () => {
    await using server = await TestServer.start();
    await using client = await connect(server.connectString);
    const lease = await new InterProcessMutex(client, '/signal').acquire();
    const { signal } = lease;
    expect(signal).toBeInstanceOf(AbortSignal);
    const any = AbortSignal.any([signal, new AbortController().signal]);
    const aborted = once(signal, 'abort');
    const target = new EventTarget();
    const waiting = once(target, 'never', { signal });
    const refused = expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    const http = createServer(() => {});
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const arrived = once(http, 'request');
    const fetching = fetch(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`, { signal });
    const stopped = expect(fetching).rejects.toMatchObject({ reason: 'released' });
    await arrived;
    await lease.release();
    await Promise.all([aborted, refused, stopped]);
    expect(any.reason).toBe(signal.reason);
    http.closeAllConnections();
    http.close();
  });
});

describe('leaseMs', () => {
  test('ends the lease on time, gives the lock back, and leaves no timer', async () => {
    const scripted = await connected();
    const { world, client } = scripted;
    const timers = world.timers;
    const lease = await hold(scripted, { leaseMs: 60_000 });
    expect(world.timers).toBe(timers + 1);
    const order: unknown[] = [];
    lease.signal.addEventListener('abort', () => order.push(lease.signal.reason.reason));
    await passSeconds(scripted, 59);
    expect([lease.held, order]).toEqual([true, []]);
    await world.advance(1_000);
    expect(order).toEqual(['expired']);
    expect([lease.held, lease.safeForMs()]).toEqual([false, 0]);
    const sent = world.link.take();
    expect(sent.map(({ type }) => type)).toContain(OpCode.delete);
    await world.link.send(...sent.map(({ xid }) => reply(xid, 6)));
    await lease.release();
    expect(lease.signal.reason).toMatchObject({ reason: 'expired' });
    expect(world.timers).toBe(timers);
    const closing = client.close();
    await world.turn();
    await world.link.send(...world.link.take().map(({ xid }) => reply(xid, 7)));
    await closing;
    expect(world.timers).toBe(0);
  });

  test('is kept by the clock, before a timer can run', async () => {
    const scripted = await connected();
    const { signal } = await hold(scripted, { leaseMs: 5_000 });
    stop(scripted, 4_999);
    expect(signal.aborted).toBe(false);
    stop(scripted, 1);
    expect(signal.reason).toMatchObject({ reason: 'expired' });
  });

  test('leaves no timer when the client is closed, nor when it is released before', async () => {
    const scripted = await connected();
    const { world, client } = scripted;
    const timers = world.timers;
    const lease = await hold(scripted, { leaseMs: 60_000 });
    void lease.release();
    expect(world.timers).toBe(timers);
    await world.turn();
    await world.link.send(...world.link.take().map(({ xid }) => reply(xid, 6)));
    await hold(scripted, { leaseMs: 60_000 });
    const closing = client.close();
    await world.turn();
    await world.link.send(...world.link.take().map(({ xid }) => reply(xid, 7)));
    await closing;
    expect(world.timers).toBe(0);
  });

  test('outlasts what a timer can wait for', async () => {
    const scripted = await connected();
    const { world } = scripted;
    const early = world.after.bind(world);
    // As Node's timers: none is longer than 2^31 - 1 ms.
    world.after = (delayMs, run) => early(Math.min(delayMs, 10_000), run);
    const lease = await hold(scripted, { leaseMs: 25_000 });
    await passSeconds(scripted, 24);
    expect(lease.signal.aborted).toBe(false);
    await world.advance(1_000);
    expect(lease.signal.reason).toMatchObject({ reason: 'expired' });
  });

  test('of a lease binds those that are handed on from it', async () => {
    const scripted = await connected();
    const { world, client } = scripted;
    const mutex = new InterProcessMutex(client, '/l');
    const outer = await hold(scripted, { leaseMs: 10_000 });
    await world.advance(1_000);
    const longer = await mutex.acquire({ lease: outer, leaseMs: 20_000 });
    const shorter = await mutex.acquire({ lease: outer, leaseMs: 3_000 });
    const same = await mutex.acquire({ lease: outer });
    expect([outer, longer, shorter, same].map((lease) => lease.safeForMs())).toEqual([
      9_000, 9_000, 3_000, 9_000,
    ]);
    await world.advance(3_000);
    expect([outer, longer, shorter, same].map((lease) => lease.signal.aborted)).toEqual([
      false,
      false,
      true,
      false,
    ]);
    expect(world.link.take().map(({ type }) => type)).not.toContain(OpCode.delete);
    await world.advance(6_000);
    for (const lease of [outer, longer, same]) {
      expect(lease.signal.reason).toMatchObject({ reason: 'expired' });
    }
    expect(world.link.take().map(({ type }) => type)).toContain(OpCode.delete);
  });

  test('has to be more than 0', async () => {
    const { client } = await connected();
    const mutex = new InterProcessMutex(client, '/l');
    for (const leaseMs of [0, -1, Number.NaN]) {
      await expect(mutex.acquire({ leaseMs })).rejects.toThrow(RangeError);
    }
    for (const lockDelayMs of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new InterProcessMutex(client, '/l', { lockDelayMs })).toThrow(RangeError);
    }
  });
});
