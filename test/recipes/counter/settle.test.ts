import { describe, expect, test } from 'vitest';
import {
  BadVersionError,
  ClosedError,
  ConnectionLossError,
  MultiError,
  NoAuthError,
  NodeExistsError,
  NoNodeError,
  QueueFullError,
  SessionExpiredError,
  type Stat,
  type ZooKeeperClient,
  type ZooKeeperError,
} from '../../../client/index.ts';
import { compareAndSet, createIfMissing } from '../../../recipes/counter/compare-and-set.ts';
import { Receipt } from '../../../recipes/counter/receipt.ts';
import { statOf } from '../../client/scripted.ts';

const context = { operation: 'set', path: '/n' };
const lost = new ConnectionLossError(context, 'unknown');
const expired = new SessionExpiredError(context, 'unknown');
const unsent = new ConnectionLossError(context, 'not-applied');
const closed = new ClosedError(context, 'not-applied');
const badVersion = new BadVersionError(context, 3);
const noNode = new NoNodeError('NoNode', 'no such node', context);
const nodeExists = new NodeExistsError('NodeExists', 'it exists', context);
const full = new QueueFullError(context);
const ours = Buffer.from('ours');
const seen = statOf({ version: 3, czxid: 5 });

interface Node {
  readonly data: string;
  readonly stat: Stat;
}

/** A client whose writes are answered one after the other as told, and whose node is as told. */
function answering(answers: readonly (Error | 'ok')[], node: Node | null): ZooKeeperClient {
  const left = [...answers];
  const write = async () => {
    const answer = left.shift()!;
    if (answer !== 'ok') throw answer;
    return statOf({ version: 4, czxid: 5 });
  };
  return {
    set: write,
    create: async () => ({ path: '/n', stat: await write() }),
    get: async () => {
      if (node === null) throw noNode;
      return { data: Buffer.from(node.data), stat: node.stat };
    },
  } as unknown as ZooKeeperClient;
}

/** `written`, `another`, or the error. */
async function outcome(work: Promise<Stat | null>): Promise<unknown> {
  return work.then((stat) => (stat === null ? 'another' : 'written')).catch((error: unknown) => error);
}

const next = (data: string, fields: Partial<Stat> = {}): Node => ({
  data,
  stat: statOf({ version: 4, czxid: 5, ...fields }),
});

describe('a compared write whose answer was lost', () => {
  test.each<[string, (Error | 'ok')[], Node | null, unknown]>([
    ['was written at once', ['ok'], null, 'written'],
    ['lost against another', [badVersion], next('theirs'), 'another'],
    ['found the node gone', [noNode], null, 'another'],
    ['was never sent, then written', [unsent, 'ok'], null, 'written'],
    ['was never sent, then late', [unsent, badVersion], next('ours'), 'another'],
    ['did not arrive, and was written by the repetition', [lost, expired, 'ok'], null, 'written'],
    ['cannot have been the one that was written', [lost, badVersion], next('theirs'), 'another'],
    ['may have been the one that was written', [lost, badVersion], next('ours'), lost],
    ['may have been written over', [lost, badVersion], next('theirs', { version: 5 }), lost],
    ['may have gone with the node', [lost, noNode], null, lost],
    ['may have been written to the node before', [lost, badVersion], next('x', { czxid: 9 }), lost],
    ['and the client was closed then', [expired, closed], null, expired],
    ['and the session was lost then', [expired, lost, badVersion], next('ours'), expired],
    ['and the client had too much to do then', [lost, full], next('ours'), lost],
    ['was refused by the client', [closed], null, closed],
  ])('%s', async (_, answers, node, wanted) => {
    expect(await outcome(compareAndSet(answering(answers, node), '/n', seen, ours))).toBe(wanted);
  });

  test('the version after the highest is the lowest', async () => {
    const last = statOf({ version: 2 ** 31 - 1, czxid: 5 });
    const client = answering([lost, badVersion], next('theirs', { version: -(2 ** 31) }));
    expect(await outcome(compareAndSet(client, '/n', last, ours))).toBe('another');
  });
});

describe('a creation whose answer was lost', () => {
  test.each<[string, (Error | 'ok')[], Node | null, unknown]>([
    ['was made at once', ['ok'], null, 'written'],
    ['found another', [nodeExists], next('ours', { version: 0 }), 'another'],
    ['did not arrive, and was made by the repetition', [lost, 'ok'], null, 'written'],
    ['found what it cannot have made', [lost, nodeExists], next('theirs', { version: 0 }), 'another'],
    ['found what it may have made', [lost, nodeExists], next('ours', { version: 0 }), lost],
    ['found what was changed since', [lost, nodeExists], next('theirs', { version: 1 }), lost],
    ['found nothing any more', [lost, nodeExists], null, lost],
    ['and the client was closed then', [lost, closed], null, lost],
  ])('%s', async (_, answers, node, wanted) => {
    const work = createIfMissing(answering(answers, node), '/n', ours, undefined);
    expect(await outcome(work)).toBe(wanted);
  });
});

describe('a write with a receipt whose answer was lost', () => {
  const refused = (index: number, failure: ZooKeeperError) => new MultiError(index, failure);
  const noAuth = new NoAuthError('NoAuth', 'not permitted', context);

  /** Writes once with a receipt, its transactions being answered as told; `versions` are those it asked of receipts. */
  async function written(
    answers: readonly (Error | 'ok')[],
    between: (receipt: Receipt) => void = () => {},
  ): Promise<{ result: unknown; versions: string[]; deleted: string[] }> {
    const left = [...answers];
    const versions: string[] = [];
    const deleted: string[] = [];
    let made = 0;
    const client = {
      sessionId: 7n,
      on: () => client,
      off: () => client,
      create: async () => ({ path: `/r/${made++}`, stat: statOf({ ephemeralOwner: 7n }) }),
      delete: async (path: string) => void deleted.push(path),
      ensurePath: async () => {},
      transaction: () => ({
        set(path: string, _: unknown, { version }: { version: number }) {
          if (path.startsWith('/r/')) versions.push(`${path} ${version}`);
          return this;
        },
        create() {
          return this;
        },
        async commit() {
          const answer = left.shift()!;
          between(receipt);
          if (answer !== 'ok') throw answer;
          return [statOf({ version: 1 }), statOf()];
        },
      }),
    } as unknown as ZooKeeperClient;
    const receipt = new Receipt(client, '/r', undefined);
    const { signal } = new AbortController();
    const result = await receipt.write('/n', seen, ours, signal).catch((error: unknown) => error);
    return { result, versions, deleted };
  }

  test.each<[string, (Error | 'ok')[], unknown, string[]]>([
    ['was written at once', ['ok'], true, ['/r/0 0']],
    ['found another', [refused(1, badVersion)], false, ['/r/0 0']],
    ['had been written', [lost, refused(0, badVersion)], true, ['/r/0 0', '/r/0 0']],
    ['had not been written', [lost, refused(1, badVersion)], false, ['/r/0 0', '/r/0 0']],
    ['was written by the repetition', [lost, expired, 'ok'], true, ['/r/0 0', '/r/0 0', '/r/0 0']],
    ['cannot be told without the receipt', [lost, refused(0, noNode)], lost, ['/r/0 0', '/r/0 0']],
    ['and the client was closed then', [lost, closed], lost, ['/r/0 0', '/r/0 0']],
    ['found its receipt gone before', [refused(0, noNode), 'ok'], true, ['/r/0 0', '/r/1 0']],
    ['found its receipt touched before', [refused(0, badVersion), 'ok'], true, ['/r/0 0', '/r/1 0']],
    ['is not permitted', [refused(1, noAuth)], noAuth, ['/r/0 0']],
    ['was not made and is not permitted', [lost, refused(0, noAuth)], lost, ['/r/0 0', '/r/0 0']],
  ])('%s', async (_, answers, result, versions) => {
    expect(await written(answers)).toMatchObject({ result, versions });
  });

  test('a receipt that is closed meanwhile is not replaced by another', async () => {
    const outcome = await written([lost, refused(0, noNode)], (receipt) => void receipt.close());
    expect(outcome).toEqual({ result: lost, versions: ['/r/0 0', '/r/0 0'], deleted: ['/r/0'] });
  });
});
