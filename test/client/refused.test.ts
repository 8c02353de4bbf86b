import { describe, expect, test } from 'vitest';
import { ConnectionLossError, connect, SessionExpiredError } from '../../client/index.ts';
import { TestServer } from '../../testing/index.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { StatReply } from '../../wire/replies.ts';
import { type ClientWorld, reply, type ScriptedLink } from '../kit/client-world.ts';
import { connected, failureOf, type Scripted, SESSION, statOf } from './scripted.ts';

const EXPIRED = { sessionId: 0n, timeOut: 0 };
const SEEN = 0x7_0000_0009;

/** A client of three servers that has seen zxid `SEEN` and has just lost its connection. */
async function seen(): Promise<Scripted> {
  const scripted = await connected({ servers: 'a,b,c' });
  const read = scripted.client.exists('/a');
  await scripted.world.turn();
  const [request] = scripted.world.link.take();
  await scripted.world.link.send(reply(request!.xid, SEEN, StatReply, { stat: statOf() }));
  await read;
  return scripted;
}

/** Lets time pass slowly enough for servers whose answers take several turns. */
async function pass(world: ClientWorld, forMs: number): Promise<void> {
  for (let passed = 0; passed < forMs; passed += 50) {
    await world.advance(50);
    for (let turns = 0; turns < 4; turns++) await world.turn();
  }
}

/** What a server does that has no data which is new enough, or no quorum. */
const hangUp = async (link: ScriptedLink): Promise<void> => {
  await link.accept();
  await link.close();
};

describe('servers that hang up on the handshake', () => {
  test('after two rounds one is asked without the zxid; if it does not know the session, that is the end of it', async () => {
    const { world, client, states } = await seen();
    const asked: number[] = [];
    world.onOpen = async (link) => {
      await link.accept();
      const { lastZxidSeen, sessionId } = link.handshake!;
      asked.push(lastZxidSeen);
      if (lastZxidSeen > 0) await link.close();
      else await link.grant(sessionId === 0n ? { ...SESSION, sessionId: 0x99n } : EXPIRED);
    };
    const waiting = failureOf(client.create('/b', '', { mode: 'ephemeral' }));
    await world.link.close();
    await pass(world, 5_000);
    // Two rounds with what it has seen, the question, then a new session.
    expect(asked).toEqual([SEEN, SEEN, SEEN, SEEN, SEEN, SEEN, 0, 0]);
    const lost = states.find(([state]) => state === 'lost')!;
    expect(lost[1].reason?.message).toMatch(
      /^every server refuses a client that has seen zxid 0x700000009, and \w:2181, asked without it, does not know the session/,
    );
    expect(await waiting).toBeInstanceOf(ConnectionLossError);
    expect(client.sessionId).toBe(0x99n);
    expect(client.lastZxid).toBe(0);
    void client.close();
  });

  test('of which one merely lags, the session goes on with another', async () => {
    const { world, client, states } = await seen();
    world.onOpen = async (link) => {
      if (link.server === 'b:2181') await link.grant(SESSION);
      else await hangUp(link);
    };
    await world.link.close();
    await pass(world, 5_000);
    expect(states.map(([state]) => state)).toEqual(['suspended', 'reconnected']);
    expect(world.links.map((link) => link.handshake?.lastZxidSeen)).not.toContain(undefined);
    expect(world.links.slice(1).every((link) => link.handshake!.lastZxidSeen === SEEN)).toBe(true);
    void client.close();
  });

  test('and know the session although they are behind, are not used', async () => {
    const { world, client, states } = await seen();
    let questions = 0;
    world.onOpen = async (link) => {
      await link.accept();
      if (link.handshake!.lastZxidSeen > 0) await link.close();
      else {
        questions++;
        await link.grant(SESSION);
      }
    };
    await world.link.close();
    await pass(world, 10_000);
    expect(questions).toBeGreaterThan(0);
    expect(client.connected).toBe(false);
    expect(states.map(([state]) => state)).toEqual(['suspended']);
    expect(client.lastZxid).toBe(SEEN);
    // One of them catches up.
    world.onOpen = (link) => void (link.server === 'c:2181' ? link.grant(SESSION) : hangUp(link));
    await pass(world, 15_000);
    expect(states.map(([state]) => state)).toEqual(['suspended', 'reconnected']);
    void client.close();
  });

  test('while they have no quorum, also on the question, are tried until the session must have expired', async () => {
    const { world, client, states } = await seen();
    world.onOpen = (link) => void hangUp(link);
    await world.link.close();
    await pass(world, 39_000);
    expect(states.map(([state]) => state)).toEqual(['suspended']);
    await pass(world, 2_000);
    expect(states.map(([state]) => state)).toEqual(['suspended', 'lost']);
    void client.close();
    await pass(world, 5_000);
    expect([world.timers, world.openLinks.length]).toEqual([0, 0]);
  });

  test('are told from servers of which one cannot be reached', async () => {
    const { world, client } = await seen();
    const asked: number[] = [];
    world.onOpen = async (link) => {
      if (link.server === 'b:2181') return link.close(new Error('refused'));
      await link.accept();
      asked.push(link.handshake!.lastZxidSeen);
      await link.close();
    };
    await world.link.close();
    await pass(world, 20_000);
    expect(asked.length).toBeGreaterThan(6);
    expect(asked).not.toContain(0);
    void client.close();
  });
});

test('a server that was wiped and started again: the session ends soon, with that reason, and the client goes on', async () => {
  const first = await TestServer.start();
  await using client = await connect(first.connectString, {
    sessionTimeoutMs: 60_000,
    backoff: { maxMs: 200 },
  });
  await client.create('/a', '');
  await client.set('/a', 'x');
  const reasons: string[] = [];
  const back = new Promise<void>((resolve) => {
    client.on('state', (state, info) => {
      if (state === 'lost') reasons.push(info.reason!.message);
      if (state === 'reconnected') resolve();
    });
  });
  await first.close();
  await using second = await TestServer.start({ port: first.port });
  await back;
  expect(reasons).toEqual([expect.stringMatching(/their data was replaced/)]);
  expect(await client.exists('/a')).toBeNull();
  expect(second.port).toBe(first.port);
});

describe('an error without an answer explains itself', () => {
  test('with server, phase, age of the session, plan and outcome', async () => {
    const { world, client } = await connected();
    await world.advance(12_300);
    world.link.take();
    const set = failureOf(client.set('/a', 'x'));
    await world.turn();
    expect(world.link.take().map(({ type }) => type)).toContain(OpCode.setData);
    await world.link.close();
    const error = (await set) as ConnectionLossError;
    expect(error).toBeInstanceOf(ConnectionLossError);
    expect(error.outcome).toBe('unknown');
    expect(error.circumstances).toEqual({
      server: 's1:2181',
      phase: 'connected',
      sessionId: SESSION.sessionId,
      sessionAgeMs: 12_300,
      retryInMs: expect.any(Number),
    });
    expect(error.message).toMatch(
      /^set \/a: connection lost before the answer; it may have been applied \(connected to s1:2181, session 0x1234 of 12\.3 s, next attempt in \d+ ms\) \[ConnectionLoss\]$/,
    );
    void client.close();
  });

  test('also when the session is gone', async () => {
    const { world, client } = await connected({ renewSession: false });
    await world.link.close();
    const read = failureOf(client.get('/a'));
    await world.advance(41_000);
    const error = (await read) as SessionExpiredError;
    expect(error).toBeInstanceOf(SessionExpiredError);
    expect(error.circumstances).toMatchObject({ phase: 'connecting', retryInMs: null });
    expect(error.message).toMatch(/no further attempt/);
  });
});
