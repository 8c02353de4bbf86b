import { describe, expect, test } from 'vitest';
import {
  CircuitBreaker,
  CircuitOpenError,
  retryForever,
  retryTimes,
  sessionStates,
} from '../../client/index.ts';
import { connected, failureOf, type Scripted, SESSION } from './scripted.ts';

const DELAY_MS = 5_000;

async function broken(
  options: Parameters<typeof connected>[0] = {},
  policy = retryForever(DELAY_MS),
): Promise<Scripted & { breaker: CircuitBreaker; told: string[] }> {
  const scripted = await connected(options);
  const breaker = new CircuitBreaker(scripted.client, { policy });
  const told: string[] = [];
  breaker.onState((state) => told.push(state));
  return { ...scripted, breaker, told };
}

/** The connection breaks and comes back. */
async function flap({ world }: Scripted, grant = SESSION): Promise<void> {
  await world.link.close();
  // The delay grows while connections do not last.
  await world.advance(600);
  await world.link.grant(grant);
}

const EXPIRED = { sessionId: 0n, timeOut: 0 };

describe('a circuit breaker', () => {
  test('tells the first loss and, once steady again, that it is back; nothing in between', async () => {
    const scripted = await broken();
    const { world, breaker, told, states } = scripted;
    await flap(scripted);
    await flap(scripted);
    await flap(scripted);
    expect(states).toHaveLength(6);
    expect([told, breaker.open]).toEqual([['suspended'], true]);
    await world.advance(DELAY_MS);
    expect([told, breaker.open]).toEqual([['suspended', 'reconnected'], false]);
    await flap(scripted);
    expect([told.at(-1), breaker.open]).toEqual(['suspended', true]);
    void scripted.client.close();
  });

  test('tells of a session that was lost meanwhile before it tells of the new one', async () => {
    const scripted = await broken();
    const { world, told } = scripted;
    await flap(scripted, EXPIRED);
    await world.advance(200);
    await world.link.grant({ ...SESSION, sessionId: 0x99n });
    expect(told).toEqual(['suspended']);
    await world.advance(DELAY_MS);
    expect(told).toEqual(['suspended', 'lost', 'reconnected']);
    void scripted.client.close();
  });

  test('looks again as long as the connection is away, and gives up when its policy does', async () => {
    const { world, client, breaker, told } = await broken({}, retryTimes(2, 1_000));
    await world.link.close();
    await world.advance(1_500);
    expect(breaker.open).toBe(true);
    await world.advance(1_000);
    // Still away: nothing has changed since it was told.
    expect([told, breaker.open]).toEqual([['suspended'], false]);
    await world.link.grant(SESSION);
    expect(told).toEqual(['suspended', 'reconnected']);
    void client.close();
  });

  test('refuses work while it is open', async () => {
    const scripted = await broken();
    expect(await scripted.breaker.run(async () => 1)).toBe(1);
    await flap(scripted);
    let begun = false;
    const refused = scripted.breaker.run(async () => {
      begun = true;
    });
    expect(await failureOf(refused)).toBeInstanceOf(CircuitOpenError);
    expect(begun).toBe(false);
    await scripted.world.advance(DELAY_MS);
    expect(await scripted.breaker.run(async () => 2)).toBe(2);
    void scripted.client.close();
  });

  test('takes the client’s word for what is an error', async () => {
    const scripted = await broken({ statePolicy: sessionStates });
    await flap(scripted);
    expect([scripted.told, scripted.breaker.open]).toEqual([['suspended', 'reconnected'], false]);
    await flap(scripted, EXPIRED);
    expect([scripted.told.at(-1), scripted.breaker.open]).toEqual(['lost', true]);
    void scripted.client.close();
  });

  test('closed by whoever it tells of the loss, it leaves no timer behind', async () => {
    for (const closes of ['breaker', 'client']) {
      const { world, client, breaker } = await broken({ closeTimeoutMs: 100 });
      breaker.onState(() => {
        if (closes === 'breaker') breaker.close();
        void client.close();
      });
      await world.link.close();
      await world.advance(200);
      expect([world.timers, breaker.open]).toEqual([0, false]);
    }
  });

  test('leaves no timer behind, closed by itself or with its client', async () => {
    for (const closeBreaker of [true, false]) {
      const { world, client, breaker, told } = await broken({ closeTimeoutMs: 100 });
      await world.link.close();
      if (closeBreaker) breaker.close();
      void client.close();
      await world.advance(200);
      expect([world.timers, breaker.open, told]).toEqual([0, false, ['suspended']]);
    }
  });
});
