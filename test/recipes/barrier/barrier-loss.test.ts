import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConnectionLossError, connect, type ZooKeeperClient } from '../../../client/index.ts';
import { CountDownLatch, DistributedBarrier, DistributedDoubleBarrier } from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { Cuttable } from '../../kit/cuttable.ts';
import { CountedSteps } from '../../kit/effects.ts';

/** More steps than any scenario has. */
const STEPS_MAX = 150;
const backoff = { baseMs: 1, maxMs: 2 };

async function untilChildren(client: ZooKeeperClient, path: string, count: number): Promise<string[]> {
  for (;;) {
    const names = await client.children(path).catch(() => []);
    if (names.length === count) return names;
    await client.sync();
  }
}

/** Resolves when the client has another session. */
function renewed(client: ZooKeeperClient): Promise<void> {
  const { sessionId } = client;
  return new Promise((resolve) => {
    client.on('state', (_, info) => info.newSession && info.sessionId !== sessionId && resolve());
  });
}

describe('barriers when connections and sessions are lost', () => {
  let server: TestServer;
  let other: ZooKeeperClient;
  beforeAll(async () => {
    server = await TestServer.start();
    other = await connect(server.connectString);
  });
  afterAll(async () => {
    await other.close();
    await server.close();
  });

  test('waiting goes on through a lost connection, a lost session and another server process', async () => {
    await using own = await TestServer.start();
    const cable = new Cuttable();
    await using client = await connect(own.connectString, { ports: cable.ports, backoff });
    await using far = await connect(own.connectString, { backoff });
    const barrier = new DistributedBarrier(far, '/barrier');
    const latch = new CountDownLatch(far, '/latch', 1);
    await barrier.set();
    let open = 0;
    const waiting = Promise.all([
      new DistributedBarrier(client, '/barrier').wait().then(() => open++),
      new CountDownLatch(client, '/latch', 1).wait().then(() => open++),
    ]);
    await client.sync();
    cable.drop();
    await client.sync();
    const again = renewed(client);
    own.expireSession(client.sessionId);
    await again;
    await client.sync();
    await own.restart();
    await client.sync();
    expect(open).toBe(0);
    cable.cut();
    await barrier.remove();
    await latch.countDown();
    cable.mend();
    await waiting;
    await client.sync();
    expect(client.watchCounts()).toMatchObject({
      data: { listeners: 0 },
      exist: { listeners: 0 },
      child: { listeners: 0 },
    });
  });

  test('a member whose session is lost while it enters is told so, and may enter anew', async () => {
    await using client = await connect(server.connectString, { backoff });
    const member = new DistributedDoubleBarrier(client, '/enter', 2);
    const entering = member.enter();
    const refused = expect(entering).rejects.toMatchObject({ code: 'SessionExpired' });
    await untilChildren(other, '/enter', 1);
    server.expireSession(client.sessionId);
    await refused;
    const second = new DistributedDoubleBarrier(other, '/enter', 2);
    await Promise.all([member.enter(), second.enter()]);
    // And one that is lost inside has left; the others need not wait for it.
    const again = renewed(client);
    server.expireSession(client.sessionId);
    await again;
    await second.leave();
    await member.leave();
    await untilChildren(other, '/enter', 0);
  });

  test('a member whose session is lost, and with it the directory, is told so', async () => {
    await using own = await TestServer.start({ config: { containerCheckIntervalMs: 20 } });
    await using onlooker = await connect(own.connectString);
    const cable = new Cuttable();
    await using client = await connect(own.connectString, { ports: cable.ports, backoff });
    const entering = new DistributedDoubleBarrier(client, '/vanishes', 2).enter();
    const refused = expect(entering).rejects.toMatchObject({ code: 'SessionExpired' });
    await untilChildren(onlooker, '/vanishes', 1);
    cable.cut();
    own.expireSession(client.sessionId);
    while ((await onlooker.exists('/vanishes')) !== null) await onlooker.sync();
    cable.mend();
    await refused;
  });

  test('the connection is cut at every step of entering and leaving: one member, in and out', async () => {
    let last = 0;
    for (let at = 0; at === last && at < STEPS_MAX; at++) {
      const path = `/steps-${at}`;
      const steps = new CountedSteps();
      await using client = await connect(server.connectString, { ports: steps.ports, backoff });
      const base = steps.steps;
      steps.onStep = (step) => {
        if (last > at || step - base < at) return;
        last = at + 1;
        steps.cut();
      };
      const ours = new DistributedDoubleBarrier(client, path, 2);
      const theirs = new DistributedDoubleBarrier(other, path, 2);
      const entering = [ours.enter()];
      // The first at the gate is alone there until the other one comes, however often its creation was repeated.
      const [name] = await untilChildren(other, path, 1);
      expect(name).not.toBe('ready');
      entering.push(theirs.enter());
      await Promise.all(entering);
      expect((await other.children(path)).length).toBe(3);
      await Promise.all([ours.leave(), theirs.leave()]);
      await untilChildren(other, path, 0);
      steps.onStep = () => {};
      await client.sync();
      expect(client.watchCounts()).toMatchObject({ data: { listeners: 0 }, exist: { listeners: 0 } });
    }
    expect(last).toBeGreaterThan(5);
    expect(last).toBeLessThan(STEPS_MAX);
  });

  test('a count whose answer was lost counts once, whatever is repeated', async () => {
    let last = 0;
    for (let at = 0; at === last && at < STEPS_MAX; at++) {
      const path = `/counted-${at}`;
      const steps = new CountedSteps();
      await using client = await connect(server.connectString, { ports: steps.ports, backoff });
      const base = steps.steps;
      steps.onStep = (step) => {
        if (last > at || step - base < at) return;
        last = at + 1;
        steps.cut();
      };
      expect(await new CountDownLatch(client, path, 5).countDown()).toBe(4);
      steps.onStep = () => {};
      expect((await other.children(path)).length).toBe(1);
    }
    expect(last).toBeGreaterThan(2);
  });

  test('removing does not take a barrier that was set again meanwhile', async () => {
    await using client = await connect(server.connectString, { backoff });
    const barrier = new DistributedBarrier(client, '/again');
    await barrier.set();
    const remove = client.delete.bind(client);
    client.delete = async (path, options) => {
      // Its answer is lost, and somebody sets the barrier again at once.
      await remove(path, options);
      await new DistributedBarrier(other, '/again').set();
      throw new ConnectionLossError({ operation: 'delete', path }, 'unknown');
    };
    await barrier.remove();
    expect(await other.exists('/again')).not.toBeNull();
  });

  test('closing the client ends the waiting', async () => {
    const client = await connect(server.connectString);
    await new DistributedBarrier(other, '/closing').set();
    const work = [
      new DistributedBarrier(client, '/closing').wait(),
      new DistributedDoubleBarrier(client, '/closing2', 2).enter(),
      new CountDownLatch(client, '/closing3', 1).wait(),
    ];
    const settled = Promise.allSettled(work);
    await untilChildren(other, '/closing2', 1);
    await client.close();
    for (const result of await settled) {
      expect(result.status).toBe('rejected');
      if (result.status === 'rejected') expect(['Closed', 'SessionExpired']).toContain(result.reason.code);
    }
  });
});
