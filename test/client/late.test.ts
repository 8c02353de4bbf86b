import { expect, test } from 'vitest';
import { errorReply } from '../kit/client-world.ts';
import { stop } from '../recipes/lock/scripted-hold.ts';
import { connected, SESSION } from './scripted.ts';

const NO_NODE = -101;

// A follower answers by itself and tells the leader later, which may have let the session expire by then.
test('what is answered after two thirds of the session timeout proves nothing: a new handshake does', async () => {
  const scripted = await connected();
  const { world, client, states } = scripted;
  const read = async (): Promise<void> => {
    const reading = client.exists('/a');
    await world.turn();
    const [request] = world.link.take();
    await world.link.send(errorReply(request!.xid, 6, NO_NODE));
    await reading;
  };
  const waiting = client.exists('/a');
  await world.turn();
  const [request] = world.link.take();
  stop(scripted, 25_000);
  // The server was heard all the same, so the connection is not given up for silence.
  await world.link.send(errorReply(request!.xid, 6, NO_NODE));
  await waiting;
  await read();
  expect(client.trusted).toBe(false);
  expect(client.safeForMs).toBeLessThanOrEqual(5_000);
  // The timer that was due long ago.
  await world.advance(12_000);
  expect(states.map(([state]) => state)).toEqual(['suspended']);
  await world.link.grant(SESSION);
  expect(client.trusted).toBe(true);
  expect(states.map(([state]) => state)).toEqual(['suspended', 'reconnected']);
  await read();
  expect(client.trusted).toBe(true);
});
