import { describe, expect, test } from 'vitest';
import { type ConnectOptions, connect, sessionStates } from '../../client/index.ts';
import {
  HerdLock,
  InterProcessMutex,
  InterProcessReadWriteLock,
  InterProcessSemaphoreV2,
  LeaderLatch,
  type Lease,
} from '../../recipes/index.ts';
import { TestServer } from '../../testing/index.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { nameOf, parentOf } from '../../wire/path.ts';
import { Create2Reply, GetDataReply, NamesReply } from '../../wire/replies.ts';
import { connected, failureOf, type Scripted, SESSION, statOf } from '../client/scripted.ts';
import { notification, reply } from '../kit/client-world.ts';
import { asked, created, hold, stop } from './lock/scripted-hold.ts';

/** Three quarters of the scripted session's timeout. */
const SAFE_MS = 22_500;

/** Answers what a latch in `/l` asks, so that it leads. */
async function lead(scripted: Scripted, errorPolicy?: 'standard' | 'session'): Promise<Lease> {
  const { world, client } = scripted;
  const starting = LeaderLatch.start(client, '/l', { errorPolicy });
  await world.turn();
  const node = await created(scripted);
  const latch = await starting;
  await world.link.send(...asked(scripted, [node]));
  return latch.leadership();
}

const gains: readonly [string, (scripted: Scripted) => Promise<Lease>][] = [
  ['a lock', hold],
  ['a standard latch', (scripted) => lead(scripted, 'standard')],
  ['a session latch', (scripted) => lead(scripted, 'session')],
];

describe.each(gains)('%s', (what, gain) => {
  test('is safe for three quarters of the session timeout, by the clock', async () => {
    const scripted = await connected();
    const lease = await gain(scripted);
    const { signal } = lease;
    expect(lease.safeForMs()).toBe(SAFE_MS);
    stop(scripted, SAFE_MS - 1);
    expect([lease.safeForMs(), signal.aborted]).toEqual([1, false]);
    stop(scripted, 1);
    expect([lease.held, lease.safeForMs(), signal.aborted]).toEqual([false, 0, true]);
    expect(signal.reason).toMatchObject({ reason: 'in-doubt' });
  });

  test('is in doubt on a server without a quorum', async () => {
    const scripted = await connected({ readOnly: true });
    const { world } = scripted;
    const lease = await gain(scripted);
    await reconnect(scripted, true);
    expect([lease.held, lease.safeForMs(), lease.signal.reason]).toMatchObject([
      false,
      0,
      { reason: 'in-doubt' },
    ]);
    expect(scripted.states.map(([state]) => state)).toEqual(['suspended', 'readonly']);
    expect(world.openLinks).toHaveLength(1);
  });

  test(`${what === 'a session latch' ? 'goes on' : 'is in doubt'} while the connection is away`, async () => {
    const scripted = await connected();
    const lease = await gain(scripted);
    await scripted.world.advance(1_000);
    await scripted.world.link.close();
    const goesOn = what === 'a session latch';
    expect([lease.held, lease.safeForMs(), lease.signal.aborted]).toEqual([
      goesOn,
      goesOn ? SAFE_MS - 1_000 : 0,
      !goesOn,
    ]);
    await scripted.world.advance(SAFE_MS - 1_000);
    expect(lease.signal.reason).toMatchObject({ reason: 'in-doubt' });
  });

  test('ends with the client', async () => {
    const scripted = await connected({ renewSession: false });
    const lease = await gain(scripted);
    await scripted.world.link.close();
    await scripted.world.advance(60_000);
    expect(scripted.client.ended).toBe(true);
    expect([lease.held, lease.safeForMs(), lease.signal.aborted]).toEqual([false, 0, true]);
    expect(scripted.world.timers).toBe(0);
  });
});

test('a client that is closed with a lock just had leaves no timer', async () => {
  const scripted = await connected();
  const { world, client } = scripted;
  const acquiring = new InterProcessMutex(client, '/l').acquire();
  await world.turn();
  const node = await created(scripted);
  await world.link.send(...asked(scripted, [node]));
  const lease = await acquiring;
  const closing = client.close();
  await world.turn();
  await world.link.send(...world.link.take().map(({ xid }) => reply(xid, 7)));
  await closing;
  expect([lease.held, world.timers]).toEqual([false, 0]);
});

test('a latch without a policy of its own has the client’s', async () => {
  const heldAway = async (options: ConnectOptions, errorPolicy?: 'standard'): Promise<boolean> => {
    const scripted = await connected(options);
    const lease = await lead(scripted, errorPolicy);
    await scripted.world.link.close();
    return lease.held;
  };
  expect(await heldAway({})).toBe(false);
  expect(await heldAway({ statePolicy: sessionStates })).toBe(true);
  expect(await heldAway({ statePolicy: sessionStates }, 'standard')).toBe(false);
});

test('a lock never has the client’s policy', async () => {
  const scripted = await connected({ statePolicy: sessionStates });
  const lease = await hold(scripted);
  await scripted.world.link.close();
  expect([lease.held, lease.signal.aborted]).toEqual([false, true]);
});

describe('who gives up when the answer is here already', () => {
  test('gets no lock', async () => {
    const scripted = await connected();
    const { world, client } = scripted;
    const stop = new AbortController();
    const failure = failureOf(new InterProcessMutex(client, '/l').acquire({ signal: stop.signal }));
    await world.turn();
    const node = await created(scripted);
    const sending = world.link.send(...asked(scripted, [node]));
    stop.abort(new Error('late'));
    await sending;
    expect(await failure).toMatchObject({ message: 'late' });
    expect(types(scripted).slice(-1)).toEqual([OpCode.delete]);
  });

  test('does not stand for election', async () => {
    const scripted = await connected();
    const { world, client } = scripted;
    const stop = new AbortController();
    const failure = failureOf(LeaderLatch.start(client, '/l', { signal: stop.signal }));
    await world.turn();
    const sending = created(scripted);
    stop.abort(new Error('late'));
    await sending;
    expect(await failure).toMatchObject({ message: 'late' });
    expect(types(scripted).slice(-1)).toEqual([OpCode.delete]);
  });
});

test('a lease of another kind of lock in the same directory is no lease of a mutex', async () => {
  await using server = await TestServer.start();
  await using client = await connect(server.connectString);
  const mutex = new InterProcessMutex(client, '/shared');
  const others = [
    new InterProcessReadWriteLock(client, '/shared').readLock,
    new InterProcessReadWriteLock(client, '/shared').writeLock,
    new HerdLock(client, '/shared/herd'),
  ];
  for (const lock of others) {
    await using lease = await lock.acquire();
    await expect(mutex.acquire({ lease })).rejects.toThrow(/not of a mutex in \/shared/);
  }
});

describe('a server without a quorum', () => {
  test('does not tell a waiting contender that its turn has come', async () => {
    const scripted = await connected({ readOnly: true });
    const { world, client } = scripted;
    const acquiring = new InterProcessMutex(client, '/l').acquire();
    await world.turn();
    const node = await created(scripted);
    const before = '_c_00000000-0000-4000-8000-000000000099-lock-0000000000';
    await world.link.send(...asked(scripted, [before, node]));
    await world.link.send(...asked(scripted, []));
    await reconnect(scripted, true);
    // The node before ours is gone, as far as this server has heard; our session may be over where there is a quorum.
    await world.link.send(notification(2, `/l/${before}`));
    expect(types(scripted)).not.toContain(OpCode.getChildren);
    await reconnect(scripted, false);
    await world.link.send(...asked(scripted, [node]));
    const lease = await acquiring;
    expect([lease.held, client.state]).toEqual([true, 'reconnected']);
  });

  test('nor if the question was first put to one that has a quorum', async () => {
    const scripted = await connected({ readOnly: true });
    const { world, client } = scripted;
    const acquiring = new InterProcessMutex(client, '/l').acquire();
    await world.turn();
    const node = await created(scripted);
    // The answers are lost with the connection; the reads are put again.
    await reconnect(scripted, true);
    await world.link.send(...asked(scripted, [node]));
    expect(types(scripted)).toContain(OpCode.getChildren);
    await reconnect(scripted, false);
    await world.link.send(...asked(scripted, [node]));
    const lease = await acquiring;
    expect([lease.held, client.state]).toEqual([true, 'reconnected']);
  });

  test('does not give out a permit', async () => {
    const scripted = await connected({ readOnly: true });
    const { client } = scripted;
    let given = false;
    const acquiring = new InterProcessSemaphoreV2(client, '/s', 1).acquire().then((lease) => {
      given = true;
      return lease;
    });
    const made: string[] = [];
    // Until the question is asked who holds permits.
    await serve(scripted, made, (path) => path === '/s/leases');
    expect(made).toHaveLength(2);
    await reconnect(scripted, true);
    await serve(scripted, made);
    expect([given, client.state]).toEqual([false, 'readonly']);
    await reconnect(scripted, false);
    await serve(scripted, made);
    expect([(await acquiring).held, client.state]).toEqual([true, 'reconnected']);
  });
});

/** Answers creations, lists, reads and deletions as a server that only this client talks to, until there is nothing left or `stop` says so. */
async function serve(
  { world }: Scripted,
  made: string[],
  stop: (listed: string) => boolean = () => false,
): Promise<void> {
  await world.turn();
  for (let seen = world.link.take(); seen.length > 0; seen = world.link.take()) {
    for (const { xid, type, body } of seen) {
      const path = pathOf(body);
      if (type === OpCode.getChildren) {
        if (stop(path)) return;
        const children = made.filter((each) => parentOf(each) === path).map(nameOf);
        await world.link.send(reply(xid, 5, NamesReply, { children }));
      } else if (type === OpCode.create2) {
        const at = `${path}000000000${made.length}`;
        made.push(at);
        const stat = statOf({ ephemeralOwner: SESSION.sessionId, czxid: 5 + made.length });
        await world.link.send(reply(xid, 5, Create2Reply, { path: at, stat }));
      } else if (type === OpCode.getData) {
        await world.link.send(reply(xid, 5, GetDataReply, { data: null, stat: statOf() }));
      } else {
        await world.link.send(reply(xid, 5));
      }
    }
    await world.turn();
  }
}

/** Every request that is served begins with its path. */
function pathOf(body: Buffer): string {
  return body.toString('utf8', 4, 4 + body.readInt32BE(0));
}

async function reconnect({ world }: Scripted, readOnly: boolean): Promise<void> {
  await world.link.close();
  const { length } = world.links;
  while (world.links.length === length) await world.advance(100);
  await world.link.grant({ ...SESSION, readOnly });
}

/** What the last server was asked, its session's watches left out. */
function types({ world }: Scripted): number[] {
  return world.link.requests.filter(({ xid }) => xid > 0).map(({ type }) => type);
}
