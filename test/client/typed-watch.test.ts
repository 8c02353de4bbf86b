import { expect, test } from 'vitest';
import { connect, isRetryable, type TypedChange, text } from '../../client/index.ts';
import { TestServer } from '../../testing/index.ts';
import { Cuttable } from '../kit/cuttable.ts';
import { failureOf } from './scripted.ts';

/** The next value of a watch on a text. */
async function next(changes: AsyncGenerator<TypedChange<string>>): Promise<string | undefined> {
  const { value, done } = await changes.next();
  return done === true ? 'done' : value.type === 'value' ? value.value : value.type;
}

test('a typed watch goes on over a lost connection and a lost session, and misses no last value', async () => {
  await using server = await TestServer.start();
  await using other = await connect(server.connectString);
  const cable = new Cuttable();
  const client = await connect(server.connectString, { ports: cable.ports });
  await other.create('/a', '1');
  const changes = client.typed('/a', text).watch({});
  expect(await next(changes)).toBe('1');
  cable.cut();
  const afterCut = next(changes);
  await other.set('/a', '2');
  cable.mend();
  expect(await afterCut).toBe('2');
  const first = client.sessionId;
  const renewed = new Promise<void>((resolve) => {
    client.on('state', (_, { newSession }) => newSession && resolve());
  });
  cable.cut();
  server.expireSession(first);
  const afterExpiry = next(changes);
  await other.set('/a', '3');
  cable.mend();
  await renewed;
  // The end of the watch is a reason to look again, even where nothing has changed.
  expect(await afterExpiry).toBe('3');
  expect(client.sessionId).not.toBe(first);
  const last = next(changes);
  await client.close();
  expect(await last).toBe('done');
});

test('it ends with a client that ends with its session, whose errors are not worth another try', async () => {
  await using server = await TestServer.start();
  const client = await connect(server.connectString, { renewSession: false });
  await client.create('/a', '1');
  const changes = client.typed('/a', text).watch({});
  expect(await next(changes)).toBe('1');
  const last = next(changes);
  const ended = new Promise((resolve) => client.on('end', resolve));
  server.expireSession(client.sessionId);
  const error = await ended;
  expect(await last).toBe('done');
  expect(client.ended).toBe(true);
  const later = await failureOf(client.get('/a'));
  expect(later).toMatchObject({ code: 'SessionExpired' });
  expect([error, later].map(isRetryable)).toEqual([false, false]);
});
