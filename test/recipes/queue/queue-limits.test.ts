import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type ClientPorts,
  connect,
  NotReadOnlyError,
  QueueFullError,
  ThrottledOpError,
  text,
  type ZooKeeperClient,
} from '../../../client/index.ts';
import { nodePorts } from '../../../client/tcp.ts';
import {
  DistributedDelayQueue,
  DistributedQueue,
  type ItemFailure,
  SimpleDistributedQueue,
} from '../../../recipes/queue/index.ts';
import { packItems } from '../../../recipes/queue/items.ts';
import { TestServer } from '../../../testing/index.ts';
import { CountedSteps } from '../../kit/effects.ts';
import { Collector } from './collector.ts';

const FRAME_BYTES_MAX = 4_096;

describe('queues at their limits', () => {
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
  const queueOf = (client: ZooKeeperClient, path: string) =>
    new DistributedQueue<string>(client, path, { codec: text });

  /** Consumes until so many items have been handled or have failed. */
  const consume = async (
    queue: DistributedQueue<string>,
    count: number,
    handler: (item: string) => unknown = () => {},
  ) => {
    const got = new Collector<string>();
    const failures: ItemFailure<string>[] = [];
    const stop = new AbortController();
    const done = queue.consume(
      async (item) => {
        await handler(item);
        got.add(item);
      },
      {
        signal: stop.signal,
        onFailure: (failure) => {
          failures.push(failure);
          got.add(`failed ${failure.item?.slice(0, 5)}`);
        },
      },
    );
    await Promise.race([got.until(count), done]);
    stop.abort();
    await done;
    return { got: got.list, failures };
  };

  /** The longest item that one request holds together with its path and the rest. */
  const largest = async (client: ZooKeeperClient, path: string): Promise<string> => {
    for (let length = FRAME_BYTES_MAX; ; length--) {
      try {
        await client.create(`${path}/queue-`, packItems([Buffer.alloc(length, 'x')]), {
          mode: 'persistent-sequential',
        });
        return 'x'.repeat(length);
      } catch (error) {
        expect(error).toMatchObject({ code: 'RequestTooLarge' });
      }
    }
  };

  for (const lockPath of ['with a lock path', null] as const) {
    for (const spare of [0, 60, 80, 120]) {
      test(`an item that fails and leaves ${spare} bytes of a request is neither lost nor tried for ever, ${lockPath ?? 'without one'}`, async () => {
        const path = `/large-${spare}-${lockPath === null}`;
        await using client = await connect(server.connectString, { frameBytesMax: FRAME_BYTES_MAX });
        const options = lockPath === null ? { codec: text, lockPath, attemptsMax: 1 } : { codec: text };
        const queue = new DistributedQueue<string>(client, path, options);
        await client.create(path, '');
        const most = await largest(client, path);
        await client.delete(`${path}/queue-0000000000`);
        const item = most.slice(spare);
        await client.create(`${path}/queue-`, packItems([Buffer.from(item)]), {
          mode: 'persistent-sequential',
        });
        await queue.put('small');
        const fail = (each: string): void => {
          if (each !== 'small') throw new Error('not this one');
        };
        const { got, failures } = await consume(queue, 2, fail);
        // An answer needs a little more room than a request: what does not fit one is left where it is.
        const readable = spare > 0;
        expect(got).toEqual([readable ? 'failed xxxxx' : 'failed undefined', 'small']);
        expect(failures.map(({ poison }) => poison)).toEqual([readable]);
        const shelf = await queueOf(other, path).poison();
        expect(shelf.map((each) => each.item)).toEqual(readable ? [item] : []);
        expect(await queue.size()).toBe(readable ? 0 : 1);
        if (queue.lockPath !== null) {
          while ((await other.children(queue.lockPath)).length > 0) await other.sync();
        }
      });
    }
  }

  test('an item that fails and for which there is no room anywhere is tried once by a consumer', async () => {
    const path = `/${'long'.repeat(20)}`;
    await using client = await connect(server.connectString, { frameBytesMax: FRAME_BYTES_MAX });
    const queue = queueOf(client, path);
    await client.create(path, '');
    const item = await largest(client, path);
    await queue.put('small');
    let tries = 0;
    const { got, failures } = await consume(queue, 2, (each) => {
      if (each === item && tries++ === 0) throw new Error('not this one');
    });
    expect([got, tries]).toEqual([['failed xxxxx', 'small'], 1]);
    expect(failures).toMatchObject([{ poison: false, attempt: 1, item }]);
    expect([await queue.size(), await queue.poison()]).toEqual([1, []]);
    expect((await consume(queueOf(client, path), 1)).got).toEqual([item]);
  });

  test('an item that is too large to be read is left, and those behind it are handled', async () => {
    await using client = await connect(server.connectString, { frameBytesMax: FRAME_BYTES_MAX });
    const queue = queueOf(client, '/unreadable');
    await queueOf(other, '/unreadable').put('y'.repeat(FRAME_BYTES_MAX));
    await queue.put('small');
    const { got, failures } = await consume(queue, 2);
    expect(got).toEqual(['failed undefined', 'small']);
    expect(failures[0]).toMatchObject({ poison: false, error: { code: 'ResponseTooLarge' } });
    expect(await other.children('/unreadable')).toEqual(['queue-0000000000']);
  });

  /** A client of which every so many writes and reads are refused for the moment. */
  const refusing = async (error: Error, times: number) => {
    const ports: ClientPorts = {
      ...nodePorts,
      after: (ms, run) => nodePorts.after(ms === 200 ? 0 : ms, run),
    };
    const client = await connect(server.connectString, { ports });
    const { children, transaction } = client;
    const left = { children: times, commit: 3 };
    client.children = (...args: Parameters<ZooKeeperClient['children']>) =>
      left.children-- > 0 ? Promise.reject(error) : children.apply(client, args);
    client.transaction = () => {
      const begun = transaction.call(client);
      return left.commit-- > 0 ? Object.assign(begun, { commit: () => Promise.reject(error) }) : begun;
    };
    return client;
  };

  for (const [name, error] of [
    ['throttles', new ThrottledOpError('ThrottledOp', '', { operation: 'x', path: null })],
    ['has no quorum', new NotReadOnlyError('NotReadOnly', '', { operation: 'x', path: null })],
    ['is not asked, as too many wait', new QueueFullError({ operation: 'x', path: null })],
  ] as const) {
    test(`a server that ${name} for a while is waited for`, async () => {
      const path = `/${error.code}`;
      await queueOf(other, path).put('one');
      await using client = await refusing(error, 150);
      const { got } = await consume(queueOf(client, path), 1);
      expect(got).toEqual(['one']);
      expect(await other.children(path)).toEqual([]);
    });
  }

  test('a consumer that may not see whether an item is given back says so, and does not ask for ever', async () => {
    const path = '/unseen';
    const queue = queueOf(other, path);
    await queue.put('one');
    const nobody = [{ perms: 0, id: { scheme: 'world', id: 'anyone' } }];
    await other.create(`${path}-locks/queue-0000000000`, '', { mode: 'ephemeral', acl: nobody });
    await expect(queue.consume(() => {})).rejects.toMatchObject({ code: 'NoAuth' });
  });

  test('putting, waiting for room and taking go on over connections that break again and again', async () => {
    const steps = new CountedSteps();
    await using client = await connect(server.connectString, {
      ports: steps.ports,
      backoff: { baseMs: 1, maxMs: 2 },
    });
    const queue = new DistributedQueue<string>(client, '/room', { codec: text, maxItems: 1 });
    await queueOf(other, '/room').put('first');
    const base = steps.steps;
    // Answers are lost for a while, however often it is asked.
    steps.onStep = (step) => {
      if (step - base < 100 && step % 5 === 0) steps.cut();
    };
    const put = queue.put('second');
    const simple = new SimpleDistributedQueue<string>(client, '/breaking/simple', { codec: text });
    const taking = simple.take();
    const got = new Collector<string>();
    while (steps.steps - base < 100) await other.sync();
    await new SimpleDistributedQueue<string>(other, '/breaking/simple', { codec: text }).offer('third');
    expect(await taking).toBe('third');
    const stop = new AbortController();
    const done = queueOf(other, '/room').consume(got.add, { signal: stop.signal });
    await put;
    await got.until(2);
    stop.abort();
    await done;
    expect(got.list).toEqual(['first', 'second']);
  });

  test('a delay queue that looks for newcomers seldom does so at once when nothing is due', async () => {
    const queue = new DistributedDelayQueue<string>(other, '/seldom', {
      codec: text,
      minItemsBeforeRefresh: 10,
    });
    const now = other.ports.wallMs();
    await queue.put('far', now + 3_600_000);
    await queue.put('first', now - 1);
    const got = new Collector<string>();
    const stop = new AbortController();
    const done = queue.consume(got.add, { signal: stop.signal });
    await got.until(1);
    // What it knows of now is not due.
    await other.sync();
    await queue.put('second', now);
    await got.until(2);
    stop.abort();
    await done;
    expect(got.list).toEqual(['first', 'second']);
  });

  test('a clock that is set forward is noticed within a minute', async () => {
    let aheadMs = 0;
    const timers = new Collector<{ readonly delayMs: number; readonly run: () => void }>();
    const ports: ClientPorts = {
      ...nodePorts,
      wallMs: () => nodePorts.wallMs() + aheadMs,
      after: (delayMs, run) => {
        // All that the client itself waits for is shorter.
        if (delayMs <= 40_000) return nodePorts.after(delayMs, run);
        timers.add({ delayMs, run });
        return () => {};
      },
    };
    await using client = await connect(server.connectString, { ports });
    const queue = new DistributedDelayQueue<string>(client, '/clock', { codec: text });
    await queue.put('in an hour', client.ports.wallMs() + 3_600_000);
    const got = new Collector<string>();
    const stop = new AbortController();
    const done = queue.consume(got.add, { signal: stop.signal });
    const [timer] = await timers.until(1);
    expect(timer!.delayMs).toBeLessThanOrEqual(60_000);
    aheadMs = 3_600_000;
    timer!.run();
    await got.until(1);
    stop.abort();
    await done;
  });
});
