import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import {
  type Part,
  type PartitionerOptions,
  PartRevokedError,
  SetPartitioner,
} from '../../../recipes/node/index.ts';
import type { ServerUnderTest } from '../../client/operations.ts';

let number = 0;

/** Who works on what: fails as soon as two work on one item. */
export class Floor {
  readonly owners = new Map<string, string>();
  readonly tokens = new Map<string, number>();
  readonly faults: string[] = [];
  #changed: (() => void)[] = [];

  /** Work that stays on the item for as long as it may, and then a little longer. */
  work(id: string, linger: () => Promise<unknown> = async () => {}): (part: Part) => Promise<void> {
    return async (part) => {
      const other = this.owners.get(part.item);
      if (other !== undefined) this.faults.push(`${id} got ${part.item} while ${other} had it`);
      if (part.fencingToken <= (this.tokens.get(part.item) ?? 0)) this.faults.push(`${part.item}: old token`);
      this.tokens.set(part.item, part.fencingToken);
      this.owners.set(part.item, id);
      this.#tell();
      await new Promise<void>((resolve) => {
        part.signal.addEventListener('abort', () => resolve());
        if (part.signal.aborted) resolve();
      });
      await linger();
      this.owners.delete(part.item);
      this.#tell();
    };
  }

  /** Resolves when the number of items that everybody works on is so. */
  async until(shares: Readonly<Record<string, number>>): Promise<void> {
    const wanted = JSON.stringify(
      Object.entries(shares)
        .filter(([, count]) => count > 0)
        .sort(),
    );
    await this.settle(() => {
      const counts = new Map<string, number>();
      for (const id of this.owners.values()) counts.set(id, (counts.get(id) ?? 0) + 1);
      return JSON.stringify([...counts].sort()) === wanted;
    });
  }

  /** Resolves when something is so about who works on what. */
  async settle(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  #tell(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const wake of waiting) wake();
  }
}

export const items = ['a', 'b', 'c', 'd', 'e/1', '..'];

/** SetPartitioner against a server that works. */
export function describePartitioner(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`SetPartitioner against ${name}`, () => {
    let server: ServerUnderTest;
    let clients: ZooKeeperClient[];
    let path = '';
    let floor = new Floor();
    const join = (index: number, options: PartitionerOptions = {}) => {
      const id = `m${index}`;
      return SetPartitioner.start(clients[index]!, path, items, {
        id,
        settleMs: 20,
        work: floor.work(id, () => clients[index]!.sync()),
        ...options,
      });
    };
    const fresh = (): void => {
      path = `/sets/s${++number}`;
      floor = new Floor();
    };

    beforeAll(async () => {
      server = await start();
      clients = await Promise.all([0, 1, 2].map(() => connect(server.connectString)));
    });
    afterAll(async () => {
      await Promise.all((clients ?? []).map((client) => client.close()));
      await server?.[Symbol.asyncDispose]();
    });

    test('divides the set evenly, again when members come and go, and never gives an item to two', async () => {
      fresh();
      const first = await join(0);
      await first.acquired();
      expect(first.parts.map(({ item }) => item).sort()).toEqual([...items].sort());
      const second = await join(1);
      await floor.until({ m0: 3, m1: 3 });
      const third = await join(2);
      await floor.until({ m0: 2, m1: 2, m2: 2 });
      await Promise.all([first, second, third].map((member) => member.acquired()));
      expect(third.members()).toEqual(['m0', 'm1', 'm2']);
      const kept = second.parts.map(({ item }) => item);
      await first.close();
      await floor.until({ m1: 3, m2: 3 });
      expect(second.parts.map(({ item }) => item)).toEqual(expect.arrayContaining(kept));
      await third.close();
      await floor.until({ m1: 6 });
      await second.close();
      expect([second.state, floor.owners.size, floor.faults]).toEqual(['closed', 0, []]);
      for (const client of clients) {
        const { data, exist, recursive, persistent } = client.watchCounts();
        expect([data, exist, recursive, persistent].map(({ listeners }) => listeners)).toEqual([0, 0, 0, 0]);
      }
      expect(await clients[0]!.getEphemerals('/sets')).toEqual([]);
    });

    test('a part that has to be given up stays until it is released', async () => {
      fresh();
      const first = await join(0, { work: undefined });
      await first.acquired();
      const parts = [...first.parts];
      const release = new Promise<void>((resolve) => {
        const stop = first.onState((state) => {
          if (state !== 'release') return;
          stop();
          resolve();
        });
      });
      const second = await join(1);
      await release;
      const revoked = parts.filter((part) => part.signal.aborted);
      expect(revoked.map(({ signal }) => signal.reason)).toEqual(
        revoked.map(({ item }) => expect.objectContaining({ name: 'PartRevokedError', item })),
      );
      expect(revoked[0]!.signal.reason).toBeInstanceOf(PartRevokedError);
      // Its lock is still there, and nobody else has it.
      expect(revoked.every((part) => part.held)).toBe(true);
      await clients[1]!.sync();
      expect([first.state, second.state, floor.owners.size]).toEqual(['release', 'allocating', 0]);
      await Promise.all(revoked.map((part) => part.release()));
      await floor.until({ m1: revoked.length });
      await Promise.all([first.acquired(), second.acquired()]);
      expect(first.parts.length).toBe(items.length - revoked.length);
      await first.close();
      await floor.until({ m1: items.length });
      expect(parts.every((part) => part.signal.aborted && !part.held)).toBe(true);
      await second.close();
    });

    test('a part that nobody asked for back is handed out again when it is released', async () => {
      fresh();
      const first = await join(0, { work: undefined });
      await first.acquired();
      const part = first.parts.find(({ item }) => item === 'a')!;
      const again = new Promise<Part>((resolve) => {
        first.onChange((change) => {
          if (change.type === 'acquired') resolve(change.part);
        });
      });
      await Promise.all([part.release(), part.release()]);
      const next = await again;
      expect([next.item, next.fencingToken > part.fencingToken]).toEqual(['a', true]);
      await first.close();
    });

    test('what work throws is reported, and the part stays', async () => {
      fresh();
      const errors: string[] = [];
      const first = await join(0, {
        work: () => {
          throw new Error('broken');
        },
      });
      first.onError((error) => errors.push(error.message));
      await first.acquired();
      await clients[0]!.sync();
      expect(first.parts.length).toBe(items.length);
      await first.close();
      expect(errors).toEqual(items.map(() => 'broken'));
    });

    test('work that releases its own part and ends is begun again with the next lock', async () => {
      fresh();
      const tokens: number[] = [];
      const first = await join(0, {
        work: async (part) => {
          if (part.item !== 'a') return;
          tokens.push(part.fencingToken);
          if (tokens.length < 3) await part.release();
        },
      });
      await first.acquired();
      while (tokens.length < 3) await clients[0]!.sync();
      expect(tokens).toEqual([...new Set(tokens)].sort((one, two) => one - two));
      await first.close();
      expect(tokens.length).toBe(3);
    });

    test('close does not wait longer than told for work that goes on, whose part stays locked', async () => {
      fresh();
      let settle: () => void = () => {};
      const endless = new Promise<void>((resolve) => {
        settle = resolve;
      });
      const first = await join(0, { work: ({ item }) => (item === 'a' ? endless : undefined) });
      await first.acquired();
      const second = await join(1);
      for (const timeoutMs of [10, 0]) {
        await expect(first.close({ timeoutMs })).rejects.toMatchObject({ code: 'WaitTimeout', path });
      }
      expect(first.state).toBe('closed');
      // The others go on without it, but for what it still works on.
      await floor.until({ m1: items.length - 1 });
      expect([second.members(), second.state]).toEqual([['m1'], 'allocating']);
      settle();
      await first.close({ timeoutMs: 60_000 });
      await floor.until({ m1: items.length });
      await second.close();
      expect(floor.faults).toEqual([]);
    });

    test('work that closes the partitioner, and does not wait for it, ends it', async () => {
      fresh();
      const closed: Promise<void>[] = [];
      const first: SetPartitioner = await join(0, {
        work: async ({ signal }) => {
          closed.push(first.close());
          while (!signal.aborted) await clients[0]!.sync();
        },
      });
      await expect(first.acquired()).rejects.toMatchObject({ code: 'Closed' });
      await Promise.all(closed);
      expect([first.state, closed.length > 0]).toEqual(['closed', true]);
      await Promise.all(
        items.map(async (item) => {
          const locks = `${path}/locks/${encodeURIComponent(item).replace('..', '%2E%2E')}`;
          expect(await clients[1]!.children(locks).catch(() => [])).toEqual([]);
        }),
      );
    });

    test('changes as a stream', async () => {
      fresh();
      const first = await join(0, { work: undefined });
      const seen: string[] = [];
      for await (const change of first.changes()) {
        seen.push(change.type === 'resync' ? 'resync' : `${change.type} ${change.part.item}`);
        if (seen.length === items.length + 1) break;
      }
      expect(seen.sort()).toEqual(['resync', ...items.map((item) => `acquired ${item}`)].sort());
      const stream = first.changes();
      await stream.next();
      await first.close();
      const rest: unknown[] = [];
      for await (const change of stream) rest.push(change.type);
      expect(rest.at(-1)).toBe('released');
    });

    test('arguments', async () => {
      fresh();
      const start = (set: unknown[], options: PartitionerOptions = {}) =>
        SetPartitioner.start(clients[0]!, path, set as string[], options);
      await expect(start([''])).rejects.toThrow(TypeError);
      await expect(start([7])).rejects.toThrow(TypeError);
      await expect(start(['\ud800'])).rejects.toThrow(TypeError);
      await expect(start(['a'], { settleMs: -1 })).rejects.toThrow(RangeError);
      await expect(start(['a'], { id: 'a/b' })).rejects.toThrow(TypeError);
      const first = await join(0, { settleMs: 60_000 });
      await expect(first.acquired({ timeoutMs: 10 })).rejects.toMatchObject({ code: 'WaitTimeout' });
      await expect(first.acquired({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'WaitTimeout' });
      const waiting = expect(first.acquired()).rejects.toMatchObject({ code: 'Closed' });
      await first.close();
      await waiting;
    });
  });
}
