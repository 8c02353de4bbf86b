import { crc32 } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { DiskSnapshots } from '../../core/io/disk-snapshot.ts';
import { silentLogger } from '../../core/ports.ts';
import type { SnapshotSource } from '../../core/storage/contract.ts';
import { writeLogHeader } from '../../core/storage/log-format.ts';
import { recover } from '../../core/storage/recovery.ts';
import { writeSnapshotNode } from '../../core/storage/snapshot-format.ts';
import { FixedSource, type RecordedNode, RecordedState } from '../kit/recorded-state.ts';
import { Rng } from '../kit/seed.ts';
import { type FaultyAction, SimulatedFiles } from '../kit/simulated-files.ts';

let files: SimulatedFiles;
let snapshots: DiskSnapshots;

function open(): DiskSnapshots {
  return new DiskSnapshots(files, {
    snapshotDirectory: '/d',
    logDirectory: '/d',
    logger: silentLogger,
    yieldTurn: files.yieldTurn,
  });
}

function fresh(seed: number): void {
  files = new SimulatedFiles(new Rng(seed));
  files.makeDirectory('/d');
  files.syncDirectory('/');
  snapshots = open();
}

beforeEach(() => fresh(1));

const sessions: [bigint, number][] = [
  [1n, 4000],
  [-5n, 40_000],
];
const acls: RecordedState['acls'] = [[3, [{ perms: 1, id: { scheme: 'digest', id: 'u:p' } }]]];

function nodes(count: number, dataBytes: number): RecordedNode[] {
  const root = { path: '', data: Buffer.alloc(0), aclId: -1, stat: Buffer.alloc(60) };
  const others = Array.from({ length: count }, (_, index) => ({
    path: `/n${index}`,
    data: index % 7 === 0 ? null : Buffer.alloc(index % 11 === 0 ? 0 : dataBytes, index),
    aclId: index % 2 === 0 ? -1 : 3,
    stat: Buffer.alloc(60, index),
  }));
  return [root, ...others];
}

function source(zxid: number, count = 20, dataBytes = 100): FixedSource {
  return new FixedSource(
    zxid,
    { sessions, acls, nodes: nodes(count, dataBytes) },
    { zxid, version: 2, digest: -9n },
  );
}

/** One line a node: comparing large buffers element by element takes the matcher seconds. */
const lines = (some: readonly RecordedNode[]): string[] =>
  some.map(({ path, data, aclId, stat }) =>
    [path, data === null ? 'null' : `${data.length} ${crc32(data)}`, aclId, stat.toString('hex')].join(' '),
  );

interface Outcome {
  readonly code: string | null;
  readonly path: string;
}

function write(from: SnapshotSource): Outcome[] {
  const outcomes: Outcome[] = [];
  snapshots.write(from, (error, path) => {
    outcomes.push({
      code: error === null ? null : ((error as NodeJS.ErrnoException).code ?? error.message),
      path,
    });
  });
  return outcomes;
}

function recovered(): { zxid: number | null; state: RecordedState } {
  const state = new RecordedState();
  const options = {
    snapshotDirectory: '/d',
    logDirectory: '/d',
    snapshotTrustEmpty: false,
    logger: silentLogger,
  };
  return { zxid: recover(files, options, state).snapshot?.zxid ?? null, state };
}

describe('a snapshot', () => {
  test('comes back as it was written, chunk by chunk', () => {
    const from = source(0x1234, 4000, 300);
    const outcomes = write(from);
    expect(snapshots.busy).toBe(true);
    let steps = 0;
    while (files.step()) steps += 1;
    expect(steps).toBeGreaterThan(8);
    expect(outcomes).toEqual([{ code: null, path: '/d/snapshot.1234' }]);
    expect([snapshots.busy, from.closed]).toEqual([false, 1]);
    expect(files.list('/d')).toEqual(['snapshot.1234']);
    const { state } = recovered();
    expect(state.sessions).toEqual(sessions);
    expect(state.acls).toEqual(acls);
    expect(lines(state.nodes)).toEqual(lines(nodes(4000, 300)));
    expect(state.snapshot).toEqual({ zxid: 0x1234, digest: { zxid: 0x1234, version: 2, digest: -9n } });
  });

  test('without digests ends with the first seal', () => {
    write(new FixedSource(5, { sessions, acls, nodes: nodes(3, 9) }, null));
    files.run();
    expect(recovered().state.snapshot).toEqual({ zxid: 5, digest: null });
  });

  test('may hold a node larger than a chunk and larger than the reader asks for at once', () => {
    const large: RecordedNode = {
      path: '/large',
      data: Buffer.alloc(3_000_000, 7),
      aclId: -1,
      stat: Buffer.alloc(60),
    };
    const all = [...nodes(1, 1), large, ...nodes(3, 1).slice(1)];
    write(new FixedSource(5, { sessions, acls, nodes: all }, null));
    files.run();
    expect(lines(recovered().state.nodes)).toEqual(lines(all));
  });

  test('is one at a time', () => {
    write(source(1));
    expect(() => write(source(2))).toThrow('a snapshot is being written already');
    files.run();
    expect(write(source(2))).toEqual([]);
    files.run();
    expect(files.list('/d')).toEqual(['snapshot.1', 'snapshot.2']);
  });

  test('waits for the end of one that was given up', () => {
    const outcomes = write(source(1, 4000, 300));
    for (let steps = 0; steps < 5; steps++) files.step();
    snapshots.abort();
    const next = write(source(2));
    expect(() => write(source(3))).toThrow('a snapshot is being written already');
    snapshots.abort();
    const last = write(source(2));
    let isIdle = false;
    snapshots.whenIdle(() => {
      isIdle = true;
    });
    expect([outcomes, next, last, isIdle]).toEqual([[], [], [], false]);
    files.run();
    expect([outcomes, next, last].map(([outcome]) => outcome!.code === null)).toEqual([false, false, true]);
    expect([isIdle, snapshots.busy, files.list('/d')]).toEqual([true, false, ['snapshot.2']]);
  });

  test('is told of once, also to somebody who throws', () => {
    let calls = 0;
    snapshots.write(source(1), () => {
      calls++;
      throw new Error('at the hearer');
    });
    expect(() => files.run()).toThrow('at the hearer');
    files.run();
    expect([calls, snapshots.busy, files.list('/d')]).toEqual([1, false, ['snapshot.1']]);
  });

  test('that is given up leaves nothing', () => {
    const from = source(9, 4000, 300);
    const outcomes = write(from);
    for (let steps = 0; steps < 5; steps++) files.step();
    snapshots.abort();
    files.run();
    expect(outcomes).toEqual([{ code: '/d/snapshot.9: the snapshot was given up', path: '/d/snapshot.9' }]);
    expect([files.list('/d'), from.closed, snapshots.busy]).toEqual([[], 1, false]);
  });

  test('whose source fails leaves nothing', () => {
    const from: SnapshotSource = {
      zxid: 3,
      sessions: () => [],
      acls: () => [],
      writeNodes(writer) {
        writeSnapshotNode(writer, '', null, -1, Buffer.alloc(60));
        throw new Error('the tree is gone');
      },
      digest: () => null,
      close() {},
    };
    const outcomes = write(from);
    files.run();
    expect(outcomes).toEqual([{ code: 'the tree is gone', path: '/d/snapshot.3' }]);
    expect(files.list('/d')).toEqual([]);
  });
});

describe('while a snapshot is written over an older one', () => {
  test.each(['open', 'write', 'datasync', 'rename'] as const)(
    'a failing %s leaves the older one',
    (action: FaultyAction) => {
      write(source(1));
      files.run();
      let faults = 0;
      for (let after = 0; ; after += after < 2 ? 1 : 12) {
        files.planFault({ action, code: 'ENOSPC', after, path: /tmp-snapshot/ });
        const outcomes = write(source(6, 4000, 3000));
        files.run();
        if (outcomes[0]?.code === null) break;
        expect(outcomes, `${action} ${after}`).toEqual([{ code: 'ENOSPC', path: '/d/snapshot.6' }]);
        expect(files.list('/d')).toEqual(['snapshot.1']);
        faults += 1;
      }
      expect(faults).toBeGreaterThan(action === 'write' ? 4 : 0);
    },
  );

  test('a crash after any step leaves the older one or the whole newer one', () => {
    const seen = new Map<number | null, number>();
    for (let seed = 0; seed < 20; seed++) {
      for (let steps = 0; ; steps++) {
        fresh(seed);
        write(source(1));
        files.run();
        const outcomes = write(source(6, 1000, 600));
        for (let step = 0; step < steps; step++) files.step();
        const ended = outcomes.length > 0;
        files.crash();
        const { zxid, state } = recovered();
        expect(state.nodes.length, `seed ${seed}, ${steps} steps`).toBe(zxid === 6 ? 1001 : 21);
        expect(state.resets).toBe(0);
        if (ended) expect(zxid).toBe(6);
        seen.set(zxid, (seen.get(zxid) ?? 0) + 1);
        if (ended) break;
      }
    }
    expect([...seen.keys()].sort()).toEqual([1, 6]);
  });
});

test('nothing is removed in favour of a snapshot whose name a crash may still take', () => {
  for (let seed = 0; seed < 200; seed++) {
    fresh(seed);
    write(source(3));
    files.run();
    files.planFault({ action: 'syncDirectory', code: 'EIO' });
    expect(write(source(6))).toEqual([]);
    files.run();
    expect(files.list('/d').sort()).toEqual(['snapshot.3', 'snapshot.6']);
    expect(snapshots.purge(1)).toEqual(['/d/snapshot.3']);
    files.crash();
    expect(recovered().zxid, `seed ${seed}`).toBe(6);
  }
});

describe('purge', () => {
  function putLog(zxid: number): void {
    const header = Buffer.alloc(16);
    writeLogHeader(header, 0);
    files.open(`/d/log.${zxid.toString(16)}`, 'create').writeNow(header, 0);
  }

  beforeEach(() => {
    for (const zxid of [0, 10, 20, 30]) {
      write(source(zxid));
      files.run();
    }
    for (const zxid of [1, 5, 11, 15, 21, 31]) putLog(zxid);
  });

  test('keeps the newest snapshots and the logs from the last one that begins at or before the oldest of them', () => {
    expect(snapshots.purge(2).sort()).toEqual([
      '/d/log.1',
      '/d/log.5',
      '/d/log.b',
      '/d/snapshot.0',
      '/d/snapshot.a',
    ]);
    expect(files.list('/d')).toEqual(['log.15', 'log.1f', 'log.f', 'snapshot.14', 'snapshot.1e']);
    expect(snapshots.purge(2)).toEqual([]);
  });

  test('does not count incomplete snapshots, and leaves newer ones alone', () => {
    files.open('/d/snapshot.28', 'create').writeNow(Buffer.from('not even half a snapshot'), 0);
    snapshots.purge(3);
    expect(files.list('/d').filter((name) => name.startsWith('s'))).toEqual([
      'snapshot.14',
      'snapshot.1e',
      'snapshot.28',
      'snapshot.a',
    ]);
  });

  test('removes nothing when there are fewer than it is to keep', () => {
    expect(snapshots.purge(5)).toEqual([]);
    expect(() => snapshots.purge(0)).toThrow('at least one snapshot must be kept');
  });
});
