import { expect, test } from 'vitest';
import { type Files, silentLogger } from '../../core/ports.ts';
import { recover } from '../../core/storage/recovery.ts';
import { beginHistoryAt, truncateLogs } from '../../core/storage/truncate.ts';
import { epochOf, makeZxid } from '../../wire/ids.ts';
import { logBytes, snapshotBytes } from '../kit/history-files.ts';
import { losingPowerAfter, PowerLoss } from '../kit/power-loss.ts';
import { RecordedState } from '../kit/recorded-state.ts';
import { Rng, withSeed } from '../kit/seed.ts';
import { SimulatedFiles } from '../kit/simulated-files.ts';

const FILE = 'test/storage/truncate-crash.test.ts';
const directories = { snapshotDirectory: '/d/s', logDirectory: '/d/l' };

/** A history over several epochs, files and fuzzy snapshots, all of it durable. */
class HistoryOnDisk {
  readonly files: SimulatedFiles;
  readonly history: number[] = [];
  readonly #snapshots: { zxid: number; end: number }[] = [];

  constructor(rng: Rng) {
    this.files = new SimulatedFiles(rng.fork());
    for (const directory of ['/d', '/d/s', '/d/l']) this.files.makeDirectory(directory);
    for (const directory of ['/', '/d']) this.files.syncDirectory(directory);
    const count = rng.between(1, 40);
    for (let last = 0; this.history.length < count; ) {
      last = rng.chance(10) ? makeZxid(epochOf(last) + rng.between(1, 2), 1) : last + 1;
      this.history.push(last);
    }
    for (let from = 0; from < count; ) {
      const to = rng.between(from + 1, count);
      const zxids = this.history.slice(from, to);
      this.#put(`/d/l/log.${zxids[0]?.toString(16)}`, logBytes(zxids, rng.below(600), rng.below(3000)));
      from = to;
    }
    this.putSnapshot(0, 0);
    for (let i = rng.below(4); i > 0; i--) {
      const at = rng.below(count);
      const end = rng.chance(50) ? at : rng.between(at, count - 1);
      this.putSnapshot(this.history[at] as number, this.history[end] as number);
    }
  }

  putSnapshot(zxid: number, end: number): void {
    this.#snapshots.push({ zxid, end });
    this.#put(`/d/s/snapshot.${zxid.toString(16)}`, snapshotBytes(zxid, end));
  }

  #put(path: string, bytes: Buffer): void {
    const file = this.files.open(path, 'create');
    file.writeNow(bytes, 0);
    file.datasyncNow();
    file.close();
    this.files.syncDirectory(path.slice(0, path.lastIndexOf('/')));
  }

  /** Recovers; checks that nothing is missing and that the snapshot shows nothing of what is gone. */
  recover(): number {
    const state = new RecordedState();
    const { zxid } = recover(
      this.files,
      { ...directories, snapshotTrustEmpty: false, logger: silentLogger },
      state,
    );
    const begin = state.snapshot?.zxid ?? 0;
    expect(state.zxids).toEqual(this.history.filter((held) => held > begin && held <= zxid));
    expect(state.snapshot?.digest?.zxid ?? 0, 'what the snapshot shows').toBeLessThanOrEqual(zxid);
    return zxid;
  }
}

/**
 * Runs `change` with the power going before each of its steps in turn, each time from the beginning of the same story, and then
 * once more without files: it looks at what is left, and ends the work.
 */
function atEveryStep(seed: number, change: (disk: HistoryOnDisk, files: Files | null) => void): number {
  for (let step = 0; ; step++) {
    const disk = new HistoryOnDisk(new Rng(seed));
    try {
      change(disk, losingPowerAfter(disk.files, step));
      return step;
    } catch (error) {
      if (!(error instanceof PowerLoss)) throw error;
    }
    disk.files.crash();
    change(disk, null);
  }
}

test('cutting the log back, with the power going at any step, leaves the history or a beginning of it', async () => {
  await withSeed(FILE, (rng) => {
    let steps = 0;
    for (let trial = 0; trial < 400; trial++) {
      const seed = rng.next();
      steps += atEveryStep(seed, (disk, files) => {
        const draw = new Rng(seed ^ 1);
        const target = draw.pick(disk.history);
        if (files !== null) {
          expect(truncateLogs(files, directories, target)).toBe(true);
        } else {
          const zxid = disk.recover();
          expect(zxid).toBeGreaterThanOrEqual(target);
          expect(disk.history).toContain(zxid);
          expect(truncateLogs(disk.files, directories, target)).toBe(true);
        }
        disk.files.crash();
        expect(disk.recover()).toBe(target);
      });
    }
    expect(steps).toBeGreaterThan(1000);
  });
});

test('beginning anew with a snapshot, with the power going at any step, leaves the old history or the new one', async () => {
  await withSeed(FILE, (rng) => {
    let steps = 0;
    for (let trial = 0; trial < 400; trial++) {
      const seed = rng.next();
      steps += atEveryStep(seed, (disk, files) => {
        const draw = new Rng(seed ^ 1);
        const last = disk.history.at(-1) as number;
        const begin = draw.pick([draw.pick(disk.history), makeZxid(epochOf(last) + 1, 7), last + 9]);
        if (files !== null) {
          disk.putSnapshot(begin, begin);
          beginHistoryAt(files, directories, begin);
        } else {
          const zxid = disk.recover();
          expect(disk.history.includes(zxid) || zxid === begin).toBe(true);
          expect(zxid).toBeGreaterThanOrEqual(begin);
          beginHistoryAt(disk.files, directories, begin);
        }
        disk.files.crash();
        expect(disk.recover()).toBe(begin);
        expect(disk.files.list('/d/l')).toEqual([]);
      });
    }
    expect(steps).toBeGreaterThan(1000);
  });
});
