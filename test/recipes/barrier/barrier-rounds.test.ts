import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import { nodePorts } from '../../../client/tcp.ts';
import { DistributedDoubleBarrier } from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';

/** A client that holds certain calls back until the test lets them go. */
class Hesitant {
  readonly client: ZooKeeperClient;
  #holds: ((operation: 'children' | 'delete' | 'set', path: string) => boolean) | null = null;
  #held: (() => void)[] = [];
  #onHeld: () => void = () => {};

  constructor(client: ZooKeeperClient) {
    this.client = client;
    const { children, set } = client;
    const remove = client.delete;
    client.children = async (...args: Parameters<ZooKeeperClient['children']>) => {
      await this.#pass('children', args[0]);
      return children.apply(client, args);
    };
    client.set = async (...args: Parameters<ZooKeeperClient['set']>) => {
      await this.#pass('set', args[0]);
      return set.apply(client, args);
    };
    client.delete = async (...args: Parameters<ZooKeeperClient['delete']>) => {
      await this.#pass('delete', args[0]);
      return remove.apply(client, args);
    };
  }

  /** Resolves when such a call is being held back. */
  hold(which: (operation: 'children' | 'delete' | 'set', path: string) => boolean): Promise<void> {
    this.#holds = which;
    return new Promise((resolve) => {
      this.#onHeld = resolve;
    });
  }

  go(): void {
    this.#holds = null;
    for (const release of this.#held.splice(0)) release();
  }

  async #pass(operation: 'children' | 'delete' | 'set', path: string): Promise<void> {
    if (this.#holds?.(operation, path) !== true) return;
    this.#onHeld();
    await new Promise<void>((resolve) => this.#held.push(resolve));
  }
}

describe('rounds of a double barrier that follow each other closely', () => {
  let server: TestServer;
  let members: Hesitant[] = [];
  let path = '';
  let rounds = 0;
  const barrier = (index: number) => new DistributedDoubleBarrier(members[index]!.client, path, 2);
  const removesReady = (operation: string, at: string) => operation === 'delete' && at === `${path}/ready`;

  beforeAll(async () => {
    server = await TestServer.start();
  });
  beforeEach(async () => {
    path = `/rounds/r${++rounds}`;
    let names = 0;
    // The order of the members is that of the letters.
    members = await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (letter) => {
        const ports = { ...nodePorts, uuid: () => `${letter}${++names}` };
        return new Hesitant(await connect(server.connectString, { ports }));
      }),
    );
  });
  afterAll(() => server.close());
  const end = () => Promise.all(members.map(({ client }) => client.close()));

  /** The fourth member leaves; when only the third one's node is left, that one looks, enters and leaves. Nothing stays. */
  const leaveBeforeTheThirdLooks = async (
    third: DistributedDoubleBarrier,
    fourth: DistributedDoubleBarrier,
    entering: Promise<unknown>,
  ): Promise<void> => {
    const [{ client }, , c] = members as [Hesitant, Hesitant, Hesitant, Hesitant];
    const over = fourth.leave();
    while ((await client.children(path)).some((name) => name.startsWith('d'))) await client.sync();
    c.go();
    await entering;
    await Promise.all([third.leave(), over]);
    expect(await client.children(path).catch(() => [])).toEqual([]);
    await end();
  };

  test('who leaves late does not take away what opened the next round', async () => {
    const [a, b, c] = members as [Hesitant, Hesitant, Hesitant, Hesitant];
    const first = [barrier(0), barrier(1)] as const;
    await Promise.all(first.map((each) => each.enter()));
    for (const each of [a, b]) void each.hold(removesReady);
    const leaving = first.map((each) => each.leave());
    while ((await c.client.children(path)).some((name) => name !== 'ready')) await c.client.sync();
    const [third, fourth] = [barrier(2), barrier(3)];
    const entering = third.enter();
    while ((await a.client.children(path).catch(() => [])).length === 0) await a.client.sync();
    // It does not look before all is over.
    const looks = c.hold((operation) => operation === 'children');
    await fourth.enter();
    await looks;
    a.go();
    b.go();
    await Promise.all(leaving);
    await leaveBeforeTheThirdLooks(third, fourth, entering);
  });

  test('who looks only when the others have left was counted all the same', async () => {
    const [, , c] = members as [Hesitant, Hesitant, Hesitant, Hesitant];
    const [third, fourth] = [barrier(2), barrier(3)];
    const looks = c.hold((operation) => operation === 'children');
    const entering = third.enter();
    await looks;
    await fourth.enter();
    await leaveBeforeTheThirdLooks(third, fourth, entering);
  });

  test('two who find what the dead left behind do not take away what the first of them made', async () => {
    const [a, b, c, d] = members as [Hesitant, Hesitant, Hesitant, Hesitant];
    await a.client.create(`${path}/ready`, '', { parents: true });
    // Both have seen it when the first removes it.
    const held = [c, d].map((each) =>
      each.hold((operation, at) => operation !== 'children' && at === `${path}/ready`),
    );
    const [third, fourth] = [barrier(2), barrier(3)];
    const entering = [third.enter(), fourth.enter()];
    await Promise.all(held);
    c.go();
    await entering[0];
    const { czxid } = (await a.client.exists(`${path}/ready`))!;
    d.go();
    await entering[1];
    expect((await b.client.exists(`${path}/ready`))?.czxid).toBe(czxid);
    await Promise.all([third.leave(), fourth.leave()]);
    expect(await a.client.children(path)).toEqual([]);
    await end();
  });
});
