import { describe, expect, test } from 'vitest';
import { BlobStore } from '../../../core/tree/blobs.ts';
import { NO_NODE, type NodeId } from '../../../core/tree/node-id.ts';
import { NodeStore } from '../../../core/tree/node-store.ts';
import { PathIndex } from '../../../core/tree/path-index.ts';
import { viewOf } from '../../../wire/bytes.ts';
import { parentOf } from '../../../wire/path.ts';
import { type Rng, withSeed } from '../../kit/seed.ts';

const FILE = 'test/core/tree/node-store.test.ts';

/** Sizes at and around every boundary of the size classes, and now and then large ones. */
function drawSize(rng: Rng): number {
  const kind = rng.below(100);
  if (kind < 60) return rng.below(300);
  if (kind < 80) return Math.max(0, (1 << rng.between(4, 17)) + rng.between(-2, 2));
  if (kind < 98) return rng.below(70_000);
  return rng.pick([65_535, 65_536, 65_537, 1_000_000, 1_048_575, 1_048_576]);
}

/** Bytes that say whose they are, so that an overlap shows. */
function patternOf(rng: Rng, size: number): Buffer {
  const bytes = Buffer.alloc(size, rng.below(256));
  if (size >= 8) {
    bytes.writeUInt32BE(rng.next(), 0);
    bytes.writeUInt32BE(rng.next(), size - 4);
  }
  return bytes;
}

describe('BlobStore', () => {
  test('blobs keep their bytes while others come and go', async () => {
    await withSeed(FILE, (rng) => {
      const store = new BlobStore();
      const live = new Map<number, Buffer>();
      for (let step = 0; step < 6000; step++) {
        if (live.size < 20 || (live.size < 400 && rng.chance(52))) {
          const bytes = patternOf(rng, drawSize(rng));
          const ref = store.allocate(bytes.length);
          expect(live.has(ref), `reference ${ref} given out twice`).toBe(false);
          store.chunk(ref).set(bytes, store.offset(ref));
          live.set(ref, bytes);
        } else {
          const ref = rng.pick([...live.keys()]);
          const bytes = live.get(ref)!;
          const at = store.offset(ref);
          expect(
            store
              .chunk(ref)
              .subarray(at, at + bytes.length)
              .equals(bytes),
            `blob ${ref}`,
          ).toBe(true);
          store.free(ref, bytes.length);
          live.delete(ref);
        }
      }
      let wanted = 0;
      for (const [ref, bytes] of live) {
        const at = store.offset(ref);
        expect(
          store
            .chunk(ref)
            .subarray(at, at + bytes.length)
            .equals(bytes),
          `blob ${ref}`,
        ).toBe(true);
        wanted += bytes.length;
      }
      expect(store.liveBytes).toBeGreaterThanOrEqual(wanted);
      expect(store.liveBytes).toBeLessThan(wanted * 1.25 + live.size * 16);
      for (const [ref, bytes] of live) store.free(ref, bytes.length);
      expect(store.liveBytes).toBe(0);
    });
  });

  test('what fits in place reaches into no neighbour', () => {
    const store = new BlobStore();
    const fill = (ref: number, bytes: number, value: number): void => {
      store.chunk(ref).fill(value, store.offset(ref), store.offset(ref) + bytes);
    };
    for (let have = 1; have < 3000; have += 113) {
      for (let want = have; store.fits(have, want); want++) {
        const refs = [store.allocate(have), store.allocate(have), store.allocate(have)] as const;
        for (const ref of refs) fill(ref, have, 1);
        fill(refs[1], want, 2);
        for (const ref of [refs[0], refs[2]]) {
          const at = store.offset(ref);
          expect(
            store
              .chunk(ref)
              .subarray(at, at + have)
              .every((byte) => byte === 1),
          ).toBe(true);
        }
        store.free(refs[0], have);
        store.free(refs[1], want);
        store.free(refs[2], have);
      }
    }
    expect(store.liveBytes).toBe(0);
  });

  test('freed room is used again', () => {
    const store = new BlobStore();
    for (const size of [0, 1, 16, 17, 1024, 1025, 65_536, 65_537, 1_048_576]) {
      const ref = store.allocate(size);
      store.free(ref, size);
      expect(store.allocate(size), `${size} bytes`).toBe(ref);
    }
  });
});

describe('PathIndex', () => {
  test('finds all entries however they collide, also while others are removed', async () => {
    await withSeed(FILE, (rng) => {
      const paths = new Map<number, Buffer>();
      const index = new PathIndex(
        {
          hasPath: (id, bytes, start, end) => paths.get(id)!.equals(bytes.subarray(start, end)),
        },
        rng.next(),
      );
      const idOf = new Map<string, number>();
      let nextId = 1;
      for (let step = 0; step < 20_000; step++) {
        const name = `/${rng.below(3000)}`;
        const bytes = Buffer.from(name);
        const id = idOf.get(name);
        expect(index.find(bytes, 0, bytes.length)).toBe(id ?? NO_NODE);
        if (id === undefined) {
          const fresh = nextId++;
          paths.set(fresh, bytes);
          index.add(fresh, bytes, 0, bytes.length);
          idOf.set(name, fresh);
        } else if (rng.chance(60)) {
          index.remove(id, bytes, 0, bytes.length);
          paths.delete(id);
          idOf.delete(name);
        }
      }
      for (const [name, id] of idOf) expect(index.find(Buffer.from(name), 0, name.length)).toBe(id);
    });
  });
});

interface ModelNode {
  readonly id: NodeId;
  data: Buffer | null;
  readonly children: Set<string>;
  version: number;
}

/** The store beside a plain map, through one random history. */
class StoreTrial {
  readonly #rng: Rng;
  readonly #store: NodeStore;
  #holders = 0;
  readonly #model = new Map<string, ModelNode>();

  constructor(rng: Rng) {
    this.#rng = rng;
    this.#store = new NodeStore(rng.next());
    const id = this.#store.insert(Buffer.alloc(0), 0, NO_NODE, null);
    this.#model.set('', { id, data: null, children: new Set(), version: 0 });
  }

  run(steps: number): void {
    for (let step = 0; step < steps; step++) {
      const action = this.#rng.weighted({ insert: 40, remove: 28, setData: 25, hold: 4, check: 3 });
      if (action === 'insert') this.#insert();
      else if (action === 'remove') this.#remove();
      else if (action === 'setData') this.#setData();
      else if (action === 'hold') this.#holdOrRelease();
      else this.#check(this.#rng.pick([...this.#model.keys()]));
    }
    for (const path of this.#model.keys()) this.#check(path);
    let bytes = 0;
    for (const [path, node] of this.#model) bytes += Buffer.byteLength(path) + (node.data?.length ?? 0);
    expect(this.#store.approximateDataBytes).toBe(bytes);
    expect(this.#store.count).toBe(this.#model.size);
  }

  #holdOrRelease(): void {
    if (this.#holders > 0 && this.#rng.chance(50)) {
      this.#holders -= 1;
      this.#store.releaseIds();
    } else {
      this.#holders += 1;
      this.#store.holdIds();
    }
  }

  #drawData(): Buffer | null {
    return this.#rng.chance(10) ? null : patternOf(this.#rng, drawSize(this.#rng));
  }

  #insert(): void {
    const parent = this.#rng.pick([...this.#model.keys()]);
    const name = `${this.#rng.pick(['n', 'knoten-', 'ü', '漢字-', 'x'.repeat(500)])}${this.#rng.below(50)}`;
    const path = `${parent}/${name}`;
    if (this.#model.has(path) || path.length > 4000) return;
    const bytes = Buffer.from(path);
    const data = this.#drawData();
    const id = this.#store.insert(bytes, bytes.length, this.#model.get(parent)!.id, data);
    for (const node of this.#model.values()) if (node.id === id) throw new Error(`id ${id} is in use`);
    this.#model.set(path, { id, data, children: new Set(), version: 0 });
    this.#model.get(parent)!.children.add(path);
  }

  #remove(): void {
    const leaves = [...this.#model].filter(([path, node]) => path !== '' && node.children.size === 0);
    if (leaves.length === 0) return;
    const [path, node] = this.#rng.pick(leaves);
    this.#store.remove(node.id);
    expect(this.#store.isLive(node.id)).toBe(false);
    expect(this.#store.findPath(path)).toBe(NO_NODE);
    this.#model.delete(path);
    const parent = path.slice(0, path.lastIndexOf('/'));
    this.#model.get(parent)!.children.delete(path);
  }

  #setData(): void {
    const node = this.#rng.pick([...this.#model.values()]);
    node.data = this.#drawData();
    node.version += 1;
    this.#store.setData(node.id, node.data);
    this.#store.setVersion(node.id, node.version);
  }

  #check(path: string): void {
    const store = this.#store;
    const node = this.#model.get(path)!;
    expect(store.findPath(path), path).toBe(node.id);
    expect(store.path(node.id)).toBe(path);
    expect(store.version(node.id)).toBe(node.version);
    expect(store.isDataNull(node.id)).toBe(node.data === null);
    expect(store.dataLength(node.id)).toBe(node.data?.length ?? 0);
    if (node.data !== null && store.data(node.id)?.equals(node.data) !== true)
      throw new Error(`data of ${path}`);
    expect(store.numChildren(node.id)).toBe(node.children.size);
    const children = new Set<string>();
    for (let child = store.firstChildOf(node.id); child !== NO_NODE; child = store.nextSiblingOf(child)) {
      expect(store.parentOf(child)).toBe(node.id);
      children.add(store.path(child));
    }
    expect(children).toEqual(node.children);
    const below = [...this.#model.keys()].filter((other) => other !== path && other.startsWith(`${path}/`));
    expect(store.descendants(node.id)).toBe(below.length);
  }
}

describe('NodeStore', () => {
  test('agrees with a map over random histories', async () => {
    await withSeed(FILE, (rng) => {
      for (let trial = 0; trial < 12; trial++) new StoreTrial(rng.fork()).run(1200);
    });
  });

  test('ids of removed nodes are held back while a walk goes on, and no longer', () => {
    const store = new NodeStore(1);
    const root = store.insert(Buffer.alloc(0), 0, NO_NODE, null);
    const add = (path: string): NodeId => store.insert(Buffer.from(path), path.length, root, null);
    const first = add('/a');
    store.holdIds();
    store.remove(first);
    const second = add('/b');
    expect(second).not.toBe(first);
    store.releaseIds();
    expect(add('/c')).toBe(first);
  });

  test('ids stay held until the last of several walks has ended', () => {
    const store = new NodeStore(1);
    const root = store.insert(Buffer.alloc(0), 0, NO_NODE, null);
    const add = (path: string): NodeId => store.insert(Buffer.from(path), path.length, root, null);
    const first = add('/a');
    store.holdIds();
    store.holdIds();
    store.remove(first);
    store.releaseIds();
    expect(add('/b')).not.toBe(first);
    store.releaseIds();
    expect(add('/c')).toBe(first);
    expect(() => store.releaseIds()).toThrow(/more often/);
  });

  test('a path longer than any before is found at once', () => {
    const store = new NodeStore(1);
    const root = store.insert(Buffer.alloc(0), 0, NO_NODE, null);
    for (const length of [340, 342, 2000, 20_000]) {
      const path = `/${'x'.repeat(length)}`;
      const id = store.insert(Buffer.from(path), path.length, root, null);
      expect(store.findPath(path)).toBe(id);
      expect(parentOf(path)).toBe('/');
    }
    const wide = `/${'漢'.repeat(50_000)}`;
    const bytes = Buffer.from(wide);
    expect(store.insert(bytes, bytes.length, root, null)).toBe(store.findPath(wide));
  });

  test('sixty-four bits beyond 32 and the shown cversion around its ends', () => {
    const store = new NodeStore(1);
    const root = store.insert(Buffer.alloc(0), 0, NO_NODE, null);
    for (const value of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 52 + 12345, Number.MAX_SAFE_INTEGER, -1]) {
      store.setLong(root, 60 + 0, value);
      expect(store.long(root, 60 + 0)).toBe(value);
    }
    store.insert(Buffer.from('/a'), 2, root, null);
    const stat = Buffer.alloc(68);
    for (const cversion of [0, 1, 2 ** 30, 2 ** 31 - 1, -(2 ** 31), -1]) {
      store.setStoredCversion(root, cversion);
      store.copyStat(root, viewOf(stat), 0);
      expect(stat.readInt32BE(36)).toBe((cversion * 2 - 1) | 0);
    }
    const owner = -(2n ** 63n) + 5n;
    store.setOwner(root, owner, owner);
    expect(store.rawOwner(root)).toBe(owner);
    store.copyStat(root, viewOf(stat), 0);
    expect(stat.readBigInt64BE(44)).toBe(owner);
  });
});
