import { describe, expect, test } from 'vitest';
import { type Watcher, Watches } from '../../../core/tree/watches.ts';
import { EventType } from '../../../wire/events.ts';
import { parentOf } from '../../../wire/path.ts';
import { withSeed } from '../../kit/seed.ts';

class Listener implements Watcher {
  readonly heard: string[] = [];
  readonly #name: string;
  readonly #log: string[];

  constructor(name: string, log: string[] = []) {
    this.#name = name;
    this.#log = log;
  }

  deliver(type: EventType, path: string): void {
    this.heard.push(`${type} ${path}`);
    this.#log.push(`${this.#name} ${type} ${path}`);
  }
}

const { NodeCreated, NodeDeleted, NodeDataChanged, NodeChildrenChanged } = EventType;

function expectEmpty(watches: Watches): void {
  for (const table of [watches.data, watches.child]) {
    expect([table.paths, table.watches, [...table.byPath()], [...table.byWatcher()]]).toEqual([0, 0, [], []]);
  }
}

describe('Watches', () => {
  test('a standard watch fires once, at its own path', () => {
    const watches = new Watches();
    const one = new Listener('one');
    watches.addData('/a', one);
    watches.addData('/a', one);
    watches.addChild('/a', one);
    watches.dataChanged('/b', 1, -1);
    watches.dataChanged('/a/b', 1, -1);
    watches.dataChanged('/a', 1, -1);
    watches.dataChanged('/a', 2, -1);
    watches.created('/a/b', '/a', 3, -1, -1);
    watches.created('/a/c', '/a', 4, -1, -1);
    expect(one.heard).toEqual([`${NodeDataChanged} /a`, `${NodeChildrenChanged} /a`]);
    expectEmpty(watches);
  });

  test('who watched data and children of a node hears of its deletion once', () => {
    const watches = new Watches();
    const log: string[] = [];
    const [both, child] = [new Listener('both', log), new Listener('child', log)];
    watches.addChild('/a', child);
    watches.addChild('/a', both);
    watches.addData('/a', both);
    watches.addChild('/', both);
    watches.deleted('/a', '/', 1, -1, -1);
    expect(log).toEqual([
      `both ${NodeDeleted} /a`,
      `child ${NodeDeleted} /a`,
      `both ${NodeChildrenChanged} /`,
    ]);
    expectEmpty(watches);
  });

  test('a persistent watch stays, hears of everything at its path, and of a deletion once', () => {
    const watches = new Watches();
    const one = new Listener('one');
    watches.addPersistent('/a', one);
    watches.created('/a', '/', 1, -1, -1);
    watches.created('/a/b', '/a', 2, -1, -1);
    watches.dataChanged('/a', 3, -1);
    watches.dataChanged('/a/b', 4, -1);
    watches.deleted('/a/b', '/a', 5, -1, -1);
    watches.deleted('/a', '/', 6, -1, -1);
    watches.created('/a', '/', 7, -1, -1);
    expect(one.heard).toEqual([
      `${NodeCreated} /a`,
      `${NodeChildrenChanged} /a`,
      `${NodeDataChanged} /a`,
      `${NodeChildrenChanged} /a`,
      `${NodeDeleted} /a`,
      `${NodeCreated} /a`,
    ]);
  });

  test('a recursive watch hears of all below, by their own paths, and never of lists of children', () => {
    const watches = new Watches();
    const [top, root] = [new Listener('top'), new Listener('root')];
    watches.addPersistentRecursive('/a', top);
    watches.addPersistentRecursive('/', root);
    watches.created('/a/b/c', '/a/b', 1, -1, -1);
    watches.dataChanged('/ab', 2, -1);
    watches.deleted('/a/b/c', '/a/b', 3, -1, -1);
    watches.dataChanged('/', 4, -1);
    expect(top.heard).toEqual([`${NodeCreated} /a/b/c`, `${NodeDeleted} /a/b/c`]);
    expect(root.heard).toEqual([
      ...top.heard.slice(0, 1),
      `${NodeDataChanged} /ab`,
      ...top.heard.slice(1),
      `${NodeDataChanged} /`,
    ]);
  });

  test('several kinds on one path are one event, and go one by one', () => {
    const watches = new Watches();
    const one = new Listener('one');
    watches.addData('/a', one);
    watches.addPersistent('/a', one);
    watches.addPersistentRecursive('/a', one);
    watches.dataChanged('/a', 1, -1);
    expect(one.heard).toEqual([`${NodeDataChanged} /a`]);
    expect(watches.contains('/a', one, 'data')).toBe(false);
    expect(watches.remove('/a', one, 'data')).toBe(false);
    expect(watches.remove('/a', one, 'persistent')).toBe(true);
    watches.dataChanged('/a', 2, -1);
    expect(one.heard).toHaveLength(2);
    expect(watches.contains('/a', one, 'any')).toBe(true);
    expect(watches.remove('/a', one, 'any')).toBe(true);
    expect(watches.remove('/a', one, 'any')).toBe(false);
    watches.dataChanged('/a', 3, -1);
    expect(one.heard).toHaveLength(2);
    expectEmpty(watches);
  });

  test('all that a watcher had goes with it, and nothing of the others', async () => {
    await withSeed('test/core/tree/watches.test.ts', (rng) => {
      for (let trial = 0; trial < 50; trial++) {
        const watches = new Watches();
        const listeners = [new Listener('a'), new Listener('b'), new Listener('c')];
        const paths = ['/', '/x', '/x/y', '/x/y/z', '/w'];
        for (let step = 0; step < 200; step++) {
          const [listener, path] = [rng.pick(listeners), rng.pick(paths)];
          const kind = rng.below(9);
          if (kind === 0) watches.addData(path, listener);
          else if (kind === 1) watches.addChild(path, listener);
          else if (kind === 2) watches.addPersistent(path, listener);
          else if (kind === 3) watches.addPersistentRecursive(path, listener);
          else if (kind === 4)
            watches.remove(
              path,
              listener,
              rng.pick(['any', 'data', 'children', 'persistent', 'persistentRecursive']),
            );
          else if (kind === 5) watches.removeWatcher(listener);
          else if (kind === 6) watches.created(path, parentOf(path), 1, -1, -1);
          else if (kind === 7) watches.deleted(path, parentOf(path), 1, -1, -1);
          else watches.dataChanged(path, 1, -1);
          for (const table of [watches.data, watches.child]) {
            const byPath = [...table.byPath()].flatMap(([at, who]) =>
              [...who].map((one) => [at, one] as const),
            );
            const byWatcher = [...table.byWatcher()].flatMap(([one, at]) =>
              [...at].map((p) => [p, one] as const),
            );
            expect(byPath.length).toBe(byWatcher.length);
            expect(byPath.length).toBe(table.watches);
          }
        }
        for (const listener of listeners) watches.removeWatcher(listener);
        expectEmpty(watches);
        // No count of recursive watches stays behind: nothing is looked for above a path.
        watches.dataChanged('/x/y/z', 2, -1);
      }
    });
  });
});
