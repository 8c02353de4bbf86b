import { expect, test } from 'vitest';
import { connect, NoNodeError, type ZooKeeperClient } from '../../../client/index.ts';
import { OutcomeUnknownError, ThreePhaseCommit, TwoPhaseCommit } from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { CountedSteps } from '../../kit/effects.ts';
import { untilChildren } from '../leader/waiting.ts';
import { Books } from './books.ts';
import { describeCommit } from './commit-suite.ts';

describeCommit('zookit', () => TestServer.start());

test('three phases: one that dies after its vote makes everybody roll back', async () => {
  await using server = await TestServer.start();
  await using client = await connect(server.connectString);
  const mortal = await connect(server.connectString);
  const books = new Books();
  await using a = await ThreePhaseCommit.start(client, '/t', {
    participant: { ...books.handlers('a'), id: 'a' },
  });
  const preCommit = async () => {
    void mortal.close();
    await new Promise(() => {});
  };
  await ThreePhaseCommit.start(mortal, '/t', { participant: { ...books.handlers('b'), id: 'b', preCommit } });
  const outcome = await a.run({}, { participants: ['a', 'b'], voteTimeoutMs: 300 });
  expect(outcome).toMatchObject({ decision: 'rollback', reason: 'not confirmed by b in time' });
  expect(books.entry('b', outcome.id)).toBe('prepared');
  await using later = await connect(server.connectString);
  await using _b = await ThreePhaseCommit.start(later, '/t', {
    participant: { ...books.handlers('b'), id: 'b' },
  });
  await untilChildren(client, '/t/transactions', 0);
  expect(books.of(outcome.id)).toEqual({ a: 'rolled-back', b: 'rolled-back' });
});

test('an outcome is waited for over sessions that end, at whichever step', async () => {
  await using server = await TestServer.start();
  await using client = await connect(server.connectString);
  await using a = await TwoPhaseCommit.start(client, '/t');
  // It stays, as nobody takes the part.
  const outcome = await a.run({}, { participants: ['nobody'], voteTimeoutMs: 0, id: 't' });
  let last = 0;
  for (let at = 0; at === last; at++) {
    expect(at).toBeLessThan(50);
    const steps = new CountedSteps();
    await using other = await connect(server.connectString, {
      ports: steps.ports,
      backoff: { baseMs: 1, maxMs: 2 },
    });
    await using asking = await TwoPhaseCommit.start(other, '/t');
    const base = steps.steps;
    steps.onStep = (step) => {
      if (last > at || step - base < at) return;
      last = at + 1;
      server.expireSession(other.sessionId);
    };
    expect(await asking.outcome('t')).toEqual(outcome);
    steps.onStep = () => {};
  }
  expect(last).toBeGreaterThan(3);
  const names = await client.children('/t/transactions/t');
  expect(names.filter((name) => name.startsWith('asker-'))).toEqual([]);
});

test('an outcome that a server which lags behind does not know of yet is not unknown', async () => {
  await using server = await TestServer.start();
  await using client = await connect(server.connectString);
  await using a = await TwoPhaseCommit.start(client, '/t');
  const outcome = await a.run({}, { participants: ['nobody'], voteTimeoutMs: 0, id: 't' });
  await using other = await connect(server.connectString);
  await using late = await TwoPhaseCommit.start(other, '/t');
  lag(other, '/t/transactions/t');
  expect(await late.outcome('t')).toEqual(outcome);
  await expect(late.outcome('never')).rejects.toThrow(OutcomeUnknownError);
});

/** Makes a client see nothing at a path until it has asked its server to catch up. */
function lag(client: ZooKeeperClient, path: string): void {
  const { get, sync } = client;
  client.get = ((at, options) =>
    at === path
      ? Promise.reject(new NoNodeError('NoNode', 'not here yet', { operation: 'get', path }))
      : get.call(client, at, options)) as typeof get;
  client.sync = (...args) => {
    client.get = get;
    return sync.apply(client, args);
  };
}
