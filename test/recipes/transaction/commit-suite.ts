import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, NodeExistsError, type ZooKeeperClient } from '../../../client/index.ts';
import {
  OutcomeUnknownError,
  ThreePhaseCommit,
  type ThreePhaseCommitOptions,
  TwoPhaseCommit,
} from '../../../recipes/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';
import { gate, noWatches, untilChildren } from '../leader/waiting.ts';
import { Books } from './books.ts';

/** Both kinds against a server that works. */
export function describeCommit(name: string, start: () => Promise<ServerUnderTest>): void {
  describe.each([
    ['TwoPhaseCommit', TwoPhaseCommit],
    ['ThreePhaseCommit', ThreePhaseCommit],
  ] as const)(`%s against ${name}`, (kind, Commit) => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    let other: ZooKeeperClient;
    let number = 0;
    let books: Books;
    const fresh = () => {
      books = new Books();
      return `/${kind}/t${++number}`;
    };
    const startAs = (
      zk: ZooKeeperClient,
      path: string,
      id: string,
      more: ThreePhaseCommitOptions<unknown> = {},
    ) =>
      Commit.start(zk, path, {
        retryMs: 1,
        ...more,
        participant: { ...books.handlers(id), ...more.participant, id },
      });

    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
      other = await connect(server.connectString);
    });
    afterAll(async () => {
      expect(client.watchCounts()).toMatchObject(noWatches);
      await client?.close();
      await other?.close();
      await server?.[Symbol.asyncDispose]();
    });

    test('all vote yes: everybody commits, and nothing stays in the tree', async () => {
      const path = fresh();
      await using a = await startAs(client, path, 'a');
      await using _b = await startAs(other, path, 'b');
      const payload = { amount: 5 };
      const outcome = await a.run(payload, { participants: ['a', 'b'], waitFor: 'everybody' });
      expect(outcome).toEqual({ id: expect.any(String), decision: 'commit', reason: null });
      expect(books.of(outcome.id)).toEqual({ a: 'committed', b: 'committed' });
      await untilChildren(client, `${path}/transactions`, 0);
      expect(await a.underWay()).toEqual([]);
      await expect(a.outcome(outcome.id)).rejects.toThrow(OutcomeUnknownError);
    });

    test('many at once, from several processes, by one that takes no part', async () => {
      const path = fresh();
      await using a = await startAs(client, path, 'a');
      await using _b = await startAs(other, path, 'b');
      await using driver = await Commit.start(other, path);
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          (i % 2 === 0 ? a : driver).run(i, {
            participants: i % 3 === 0 ? ['b'] : ['a', 'b'],
            waitFor: 'everybody',
          }),
        ),
      );
      for (const [i, { id, decision }] of outcomes.entries()) {
        expect(decision).toBe('commit');
        expect(books.of(id)).toEqual(i % 3 === 0 ? { b: 'committed' } : { a: 'committed', b: 'committed' });
      }
      await untilChildren(client, `${path}/transactions`, 0);
    });

    test('one votes no: everybody rolls back, and the reason is told', async () => {
      const path = fresh();
      const prepare = () => {
        throw new Error('not enough in stock');
      };
      await using a = await startAs(client, path, 'a');
      await using _b = await startAs(other, path, 'b', {
        participant: { ...books.handlers('b'), id: 'b', prepare },
      });
      const outcome = await a.run({}, { participants: ['a', 'b'], waitFor: 'everybody' });
      expect(outcome).toMatchObject({ decision: 'rollback', reason: 'b voted no: not enough in stock' });
      expect(books.of(outcome.id)).toEqual({ a: 'rolled-back', b: 'rolled-back' });
    });

    test('a reason that does not fit into a node is cut', async () => {
      const path = fresh();
      const prepare = () => {
        throw new Error('x'.repeat(2_000_000));
      };
      await using a = await startAs(client, path, 'a', {
        participant: { ...books.handlers('a'), id: 'a', prepare },
      });
      const { reason } = await a.run({}, { participants: ['a'] });
      expect(reason).toBe(`a voted no: ${'x'.repeat(1_000)}`);
    });

    test('votes that may take for ever are waited for', async () => {
      const path = fresh();
      await using a = await startAs(client, path, 'a');
      const running = a.run({}, { participants: ['a', 'b'], voteTimeoutMs: Number.POSITIVE_INFINITY });
      while (books.transactions.length === 0) await client.sync();
      await using _b = await startAs(other, path, 'b');
      expect(await running).toMatchObject({ decision: 'commit' });
    });

    test('a transaction of which something was deleted is told of, and looked at again after a while', async () => {
      const path = fresh();
      const errors: unknown[] = [];
      const told = gate();
      const onError = (error: unknown) => {
        errors.push(error);
        told.open();
      };
      const reads: string[] = [];
      const get = client.get.bind(client);
      client.get = ((at: string, options) => {
        reads.push(at);
        return get(at, options);
      }) as typeof client.get;
      try {
        await using a = await Commit.start(other, path);
        const running = a.run({}, { participants: ['a'], id: 't' });
        running.catch(() => {});
        while ((await client.exists(`${path}/transactions/t/payload`)) === null) await client.sync();
        await client.delete(`${path}/transactions/t/payload`);
        await using _a = await startAs(client, path, 'a', { retryMs: 60_000, onError });
        await told.opened;
        for (let i = 0; i < 20; i++) await client.sync();
        expect(reads.filter((at) => at.endsWith('/payload'))).toHaveLength(1);
        expect(errors).toEqual([expect.objectContaining({ code: 'NoNode' })]);
        await client.create(`${path}/transactions/t/vote-a`, '{"vote":"no"}');
        expect(await running).toMatchObject({ decision: 'rollback', reason: 'a voted no' });
      } finally {
        client.get = get;
      }
    });

    test('one does not vote in time: it is rolled back, and the absent one learns it when it comes', async () => {
      const path = fresh();
      await using a = await startAs(client, path, 'a');
      const outcome = await a.run({}, { participants: ['a', 'late'], voteTimeoutMs: 30 });
      expect(outcome).toMatchObject({ decision: 'rollback', reason: 'no vote of late in time' });
      expect(await a.outcome(outcome.id)).toEqual(outcome);
      expect(await a.underWay()).toEqual([outcome.id]);
      await using _late = await startAs(other, path, 'late');
      await untilChildren(client, `${path}/transactions`, 0);
      expect(books.of(outcome.id)).toEqual({ a: 'rolled-back', late: 'rolled-back' });
    });

    test('commit and rollback are called again until they return', async () => {
      const path = fresh();
      let failures = 0;
      const errors: unknown[] = [];
      const handlers = books.handlers('a');
      const failing = (work: typeof handlers.commit) => async (part: Parameters<typeof work>[0]) => {
        if (++failures % 3 !== 0) throw new Error('disk full');
        await work(part);
      };
      await using a = await startAs(client, path, 'a', {
        participant: {
          ...handlers,
          id: 'a',
          commit: failing(handlers.commit),
          rollback: failing(handlers.rollback),
        },
        onError: (error) => errors.push(error),
      });
      await a.run({}, { participants: ['a'], waitFor: 'everybody' });
      const { id } = await a.run({}, { participants: ['a', 'nobody'], voteTimeoutMs: 0 });
      while (books.entry('a', id) !== 'rolled-back') await client.sync();
      expect(errors).toHaveLength(4);
      expect(errors[0]).toMatchObject({ message: 'disk full' });
    });

    test('a participant of which several processes stand ready is one of them', async () => {
      const path = fresh();
      const first = await startAs(client, path, 'a');
      await using second = await startAs(other, path, 'a');
      await second.run({}, { participants: ['a'], waitFor: 'everybody' });
      await first.close();
      const { id } = await second.run({}, { participants: ['a'], waitFor: 'everybody' });
      expect(books.of(id)).toEqual({ a: 'committed' });
    });

    test('a vote is that of the process whose part it is: one that lost it cannot vote', async () => {
      const path = fresh();
      const preparing = gate();
      const finish = gate();
      let calls = 0;
      const prepare = async () => {
        calls++;
        preparing.open();
        await finish.opened;
      };
      const paused = await startAs(client, path, 'a', {
        participant: { ...books.handlers('a'), id: 'a', prepare },
      });
      await using next = await startAs(other, path, 'a');
      const running = next.run({}, { participants: ['a', 'b'], voteTimeoutMs: 60_000 });
      await preparing.opened;
      const nodes = await client.children(`${path}/participants/a`);
      const byNumber = nodes.sort((x, y) => Number(x.slice(-10)) - Number(y.slice(-10)));
      await other.delete(`${path}/participants/a/${byNumber[0]}`);
      const [id] = await next.underWay();
      while (books.entry('a', id!) !== 'prepared') await other.sync();
      finish.open();
      await paused.close();
      expect(calls).toBe(1);
      await using _b = await startAs(client, path, 'b');
      expect(await running).toMatchObject({ decision: 'commit' });
    });

    test('waiting can be given up; the transaction goes on', async () => {
      const path = fresh();
      await using a = await startAs(client, path, 'a');
      const stop = new AbortController();
      const waiting = a.run({}, { participants: ['a', 'b'], signal: stop.signal, id: 'mine' });
      while (books.entry('a', 'mine') === undefined) await client.sync();
      await expect(a.run({}, { participants: ['a'], id: 'mine' })).rejects.toThrow(NodeExistsError);
      stop.abort(new Error('enough'));
      await expect(waiting).rejects.toThrow('enough');
      const outcome = a.outcome('mine', { waitFor: 'everybody' });
      await using _b = await startAs(other, path, 'b');
      expect(await outcome).toMatchObject({ id: 'mine', decision: 'commit' });
      await untilChildren(client, `${path}/transactions`, 0);
    });

    test('arguments that can never be right', async () => {
      const path = fresh();
      await expect(Commit.start(client, 'relative')).rejects.toThrow(TypeError);
      await expect(Commit.start(client, path, { retryMs: -1 })).rejects.toThrow(RangeError);
      for (const id of ['', 'a/b', '.']) await expect(startAs(client, path, id)).rejects.toThrow(TypeError);
      // @ts-expect-error no handlers
      await expect(Commit.start(client, path, { participant: { id: 'a' } })).rejects.toThrow(TypeError);
      await using a = await Commit.start(client, path);
      await expect(a.run({}, { participants: [] })).rejects.toThrow(TypeError);
      await expect(a.run({}, { participants: ['a', 'a'] })).rejects.toThrow(TypeError);
      await expect(a.run({}, { participants: ['a'], voteTimeoutMs: -1 })).rejects.toThrow(RangeError);
    });
  });
}
