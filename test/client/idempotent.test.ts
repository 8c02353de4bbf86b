import { describe, expect, test } from 'vitest';
import {
  BadArgumentsError,
  BadVersionError,
  ConnectionLossError,
  NodeExistsError,
  NoNodeError,
  retryTimes,
} from '../../client/index.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { OpCode, opName } from '../../wire/opcodes.ts';
import { Create2Reply, GetDataReply, StatReply } from '../../wire/replies.ts';
import { errorReply, reply } from '../kit/client-world.ts';
import { connected, failureOf, type Scripted, SESSION, statOf } from './scripted.ts';

type Answer = (xid: number) => Buffer;

const created: Answer = (xid) => reply(xid, 9, Create2Reply, { path: '/a', stat: statOf() });
const stated =
  (version: number): Answer =>
  (xid) =>
    reply(xid, 9, StatReply, { stat: statOf({ version }) });
const holds =
  (data: string, fields: Parameters<typeof statOf>[0] = {}): Answer =>
  (xid) =>
    reply(xid, 9, GetDataReply, { data: Buffer.from(data), stat: statOf(fields) });
const refused =
  (code: number): Answer =>
  (xid) =>
    errorReply(xid, 9, code);
const done: Answer = (xid) => reply(xid, 9);

/** Answers the next requests, which must be these; `null` breaks the connection instead, and lets the client come back. */
async function serve({ world }: Scripted, ...script: [number, Answer | null][]): Promise<void> {
  for (const [type, answer] of script) {
    // Repetitions may wait for a delay of the policy.
    for (let i = 0; i < 200 && world.link.requests.every(({ xid }) => xid <= seen(world)); i++)
      await world.advance(10);
    const [request] = world.link.take();
    expect(opName(request!.type)).toBe(opName(type));
    last.set(world, request!.xid);
    if (answer === null) {
      await world.link.close();
      await world.advance(200);
      await world.link.grant(SESSION);
    } else await world.link.send(answer(request!.xid));
  }
}

const last = new WeakMap<object, number>();
const seen = (world: object): number => last.get(world) ?? 0;

const quiet = <T>(work: Promise<T>): Promise<T> => {
  work.catch(() => {});
  return work;
};

describe('create', () => {
  const OPTIONS = { idempotent: true } as const;

  test('whose answer is lost finds its node', async () => {
    const scripted = await connected();
    const work = quiet(scripted.client.create('/a', 'x', OPTIONS));
    await serve(
      scripted,
      [OpCode.create2, null],
      [OpCode.create2, refused(ErrorCode.NodeExists)],
      [OpCode.getData, holds('x', { czxid: 8 })],
    );
    expect(await work).toMatchObject({ path: '/a', stat: { czxid: 8 } });
  });

  test('whose answer is lost is made again where it was not', async () => {
    const scripted = await connected();
    const work = quiet(scripted.client.create('/a', 'x', OPTIONS));
    await serve(scripted, [OpCode.create2, null], [OpCode.create2, null], [OpCode.create2, created]);
    expect((await work).path).toBe('/a');
  });

  test('does not take another’s node: other data, or an ephemeral of another session', async () => {
    for (const [mode, other] of [
      ['persistent', holds('y')],
      ['persistent', holds('x', { ephemeralOwner: SESSION.sessionId })],
      ['ephemeral', holds('x', { ephemeralOwner: 0x77n })],
    ] as const) {
      const scripted = await connected();
      const work = quiet(scripted.client.create('/a', 'x', { ...OPTIONS, mode }));
      await serve(
        scripted,
        [OpCode.create2, null],
        [OpCode.create2, refused(ErrorCode.NodeExists)],
        [OpCode.getData, other],
      );
      expect(await failureOf(work)).toBeInstanceOf(NodeExistsError);
    }
  });

  test('of which no answer was lost says that the node exists', async () => {
    const scripted = await connected();
    const work = quiet(scripted.client.create('/a', 'x', OPTIONS));
    await serve(scripted, [OpCode.create2, refused(ErrorCode.NodeExists)]);
    expect(await failureOf(work)).toBeInstanceOf(NodeExistsError);
  });

  test('of an ephemeral node is not repeated in another session, of a persistent one it is', async () => {
    for (const mode of ['ephemeral', 'persistent'] as const) {
      const scripted = await connected();
      const { world } = scripted;
      const work = quiet(scripted.client.create('/a', 'x', { ...OPTIONS, mode }));
      await world.turn();
      await world.link.close();
      await world.advance(200);
      // The repetition is on its way when the session ends.
      await world.link.grant({ sessionId: 0n, timeOut: 0 });
      await world.advance(200);
      await world.link.grant({ ...SESSION, sessionId: 0x99n });
      await world.advance(1_000);
      const types = world.link.take().map(({ type }) => type);
      expect(types).toEqual(mode === 'ephemeral' ? [] : [OpCode.create2]);
      if (mode === 'ephemeral') {
        expect(await failureOf(work)).toMatchObject({ code: 'SessionExpired' });
      }
      void scripted.client.close();
    }
  });

  test('cannot be sequential', async () => {
    const { client } = await connected();
    const mode = 'persistent-sequential';
    expect(await failureOf(client.create('/a-', '', { mode, idempotent: true }))).toBeInstanceOf(
      BadArgumentsError,
    );
  });
});

describe('set', () => {
  test('whose answer is lost finds the next version with its data', async () => {
    const scripted = await connected();
    const work = quiet(scripted.client.set('/a', 'x', { version: 3, idempotent: true }));
    await serve(
      scripted,
      [OpCode.setData, null],
      [OpCode.setData, refused(ErrorCode.BadVersion)],
      [OpCode.getData, holds('x', { version: 4 })],
    );
    expect(await work).toMatchObject({ version: 4 });
  });

  test('does not take another’s write: other data, or a later version', async () => {
    for (const other of [holds('y', { version: 4 }), holds('x', { version: 5 })]) {
      const scripted = await connected();
      const work = quiet(scripted.client.set('/a', 'x', { version: 3, idempotent: true }));
      await serve(
        scripted,
        [OpCode.setData, null],
        [OpCode.setData, refused(ErrorCode.BadVersion)],
        [OpCode.getData, other],
      );
      expect(await failureOf(work)).toBeInstanceOf(BadVersionError);
    }
  });

  test('without a version is repeated', async () => {
    const scripted = await connected();
    const work = quiet(scripted.client.set('/a', 'x', { idempotent: true }));
    await serve(scripted, [OpCode.setData, null], [OpCode.setData, stated(7)]);
    expect(await work).toMatchObject({ version: 7 });
  });
});

describe('delete', () => {
  test('whose answer is lost is done when the node is gone; without a loss, a missing node is an error', async () => {
    const scripted = await connected();
    const work = quiet(scripted.client.delete('/a', { idempotent: true }));
    await serve(scripted, [OpCode.delete, null], [OpCode.delete, refused(ErrorCode.NoNode)]);
    await work;
    const other = quiet(scripted.client.delete('/a', { idempotent: true }));
    await serve(scripted, [OpCode.delete, refused(ErrorCode.NoNode)]);
    expect(await failureOf(other)).toBeInstanceOf(NoNodeError);
    const again = quiet(scripted.client.delete('/a', { idempotent: true }));
    await serve(scripted, [OpCode.delete, null], [OpCode.delete, done]);
    await again;
  });
});

describe('the policy of the client', () => {
  test('bounds idempotent operations; the error says that they may have been applied', async () => {
    const scripted = await connected({ retry: retryTimes(1, 10) });
    const work = quiet(scripted.client.set('/a', 'x', { idempotent: true }));
    await serve(scripted, [OpCode.setData, null], [OpCode.setData, null]);
    const error = (await failureOf(work)) as ConnectionLossError;
    expect(error).toBeInstanceOf(ConnectionLossError);
    expect(error.outcome).toBe('unknown');
  });

  test('lets reads be asked again after readSendsMax, and other writes not', async () => {
    const scripted = await connected({ retry: retryTimes(1, 10), readSendsMax: 1 });
    const read = quiet(scripted.client.get('/a'));
    await serve(scripted, [OpCode.getData, null], [OpCode.getData, holds('x')]);
    expect((await read).data?.toString()).toBe('x');
    const write = quiet(scripted.client.set('/a', 'x'));
    await serve(scripted, [OpCode.setData, null]);
    expect(await failureOf(write)).toBeInstanceOf(ConnectionLossError);
  });

  test('an aborted signal ends repeating at once', async () => {
    const scripted = await connected();
    const stop = new AbortController();
    const work = quiet(scripted.client.set('/a', 'x', { idempotent: true, signal: stop.signal }));
    await serve(scripted, [OpCode.setData, null]);
    await scripted.world.turn();
    stop.abort(new Error('enough'));
    expect(await failureOf(work)).toEqual(new Error('enough'));
  });
});
