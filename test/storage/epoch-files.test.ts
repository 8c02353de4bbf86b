import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryFiles } from '../../core/io/memory-files.ts';
import type { Files } from '../../core/ports.ts';
import { EpochFiles } from '../../core/storage/epoch-files.ts';
import { EPOCH_MAX, makeZxid } from '../../wire/ids.ts';
import { Rng, withSeed } from '../kit/seed.ts';
import { SimulatedFiles } from '../kit/simulated-files.ts';

let files: MemoryFiles;
beforeEach(() => {
  files = new MemoryFiles();
  files.makeDirectory('/d');
});

function put(name: string, text: string): void {
  files.open(`/d/${name}`, 'create').writeNow(Buffer.from(text), 0);
}

function textOf(name: string, from: Files = files): string {
  const file = from.open(`/d/${name}`, 'read');
  const bytes = Buffer.alloc(file.size());
  file.read(bytes, 0);
  return bytes.toString();
}

const epochs = (epoch = 0, counter = 0) => {
  const { acceptedEpoch, currentEpoch } = new EpochFiles(files, '/d', makeZxid(epoch, counter));
  return [acceptedEpoch, currentEpoch];
};

describe('at the start', () => {
  test('missing files are made from the last transaction', () => {
    expect(epochs(7, 3)).toEqual([7, 7]);
    expect([textOf('acceptedEpoch'), textOf('currentEpoch')]).toEqual(['7', '7']);
    expect(files.list('/d').sort()).toEqual(['acceptedEpoch', 'currentEpoch']);
  });

  test('a missing currentEpoch is made, whatever was accepted since', () => {
    put('acceptedEpoch', '9');
    expect(epochs(7, 3)).toEqual([9, 7]);
  });

  test('what Apache ZooKeeper wrote, or an editor behind it, is read', () => {
    put('acceptedEpoch', '12');
    put('currentEpoch', '11\n');
    expect(epochs(11, 5)).toEqual([12, 11]);
  });

  test.each(['', '-1', '1x', '1e3', '0x10', '\0\0', '99999999999999999999', String(EPOCH_MAX + 1)])(
    '%j is no epoch',
    (text) => {
      put('acceptedEpoch', text);
      put('currentEpoch', '0');
      expect(() => epochs()).toThrow(
        expect.objectContaining({ code: 'bad-epoch', path: '/d/acceptedEpoch' }),
      );
      expect(textOf('acceptedEpoch')).toBe(text);
    },
  );

  test('an accepted epoch behind the current one is refused', () => {
    put('acceptedEpoch', '4');
    put('currentEpoch', '5');
    expect(() => epochs(4, 1)).toThrow(/accepted epoch 4 is behind the current epoch 5.*backup/);
  });

  test('a lost acceptedEpoch is not made up behind the current one', () => {
    put('currentEpoch', '5');
    expect(() => epochs(4, 1)).toThrow(expect.objectContaining({ code: 'epochs-disagree' }));
    expect(files.list('/d')).toEqual(['currentEpoch']);
  });

  test('logs ahead of the accepted epoch are refused', () => {
    put('acceptedEpoch', '4');
    put('currentEpoch', '4');
    expect(() => epochs(5, 1)).toThrow(/accepted epoch 4 is behind the last transaction, 0x500000001/);
    expect([textOf('acceptedEpoch'), textOf('currentEpoch')]).toEqual(['4', '4']);
  });

  test.each(['no temporary file', '6', 'x'])(
    'logs ahead of the current epoch lift it to their own, never higher (%s)',
    (temporary) => {
      put('acceptedEpoch', '6');
      put('currentEpoch', '3');
      if (temporary !== 'no temporary file') put('currentEpoch.tmp', temporary);
      expect(epochs(5, 2)).toEqual([6, 5]);
      expect(textOf('currentEpoch')).toBe('5');
    },
  );
});

describe('setting', () => {
  test('is durable on return, and read by the next start', () => {
    const first = new EpochFiles(files, '/d', 0);
    first.setAcceptedEpoch(3);
    expect([first.acceptedEpoch, first.currentEpoch]).toEqual([3, 0]);
    first.setCurrentEpoch(2);
    expect(epochs(2, 9)).toEqual([3, 2]);
  });

  test('neither falls, currentEpoch does not pass acceptedEpoch, and only epochs are taken', () => {
    const both = new EpochFiles(files, '/d', makeZxid(5, 1));
    expect(() => both.setAcceptedEpoch(4)).toThrow(RangeError);
    expect(() => both.setCurrentEpoch(4)).toThrow(RangeError);
    expect(() => both.setCurrentEpoch(6)).toThrow(/epoch 6 was never accepted, only 5/);
    for (const bad of [5.5, Number.NaN, EPOCH_MAX + 1]) {
      expect(() => both.setAcceptedEpoch(bad)).toThrow(RangeError);
    }
    expect(epochs(5, 1)).toEqual([5, 5]);
  });

  test('the same value again touches no disk', () => {
    const simulated = new SimulatedFiles(new Rng(1));
    simulated.makeDirectory('/d');
    const both = new EpochFiles(simulated, '/d', makeZxid(5, 1));
    simulated.planFault({ action: 'open', code: 'EIO' });
    both.setAcceptedEpoch(5);
    both.setCurrentEpoch(5);
    expect(() => both.setAcceptedEpoch(6)).toThrow(/EIO/);
    expect(both.acceptedEpoch).toBe(5);
  });
});

test('no crash, kill or failing disk loses a promise, makes one up or keeps the server from starting', async () => {
  await withSeed('test/storage/epoch-files.test.ts', (rng) => {
    const seen = { lost: 0, kept: 0, failed: 0 };
    for (let trial = 0; trial < 3000; trial++) crashTrial(rng.fork(), seen);
    for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(100);
  });
});

/** Lives of a server that promises and follows; `seen` counts how unfinished changes ended. */
function crashTrial(rng: Rng, seen: { lost: number; kept: number; failed: number }): void {
  const disk = new SimulatedFiles(rng.fork());
  disk.makeDirectory('/d');
  disk.syncDirectory('/');
  const durable = { accepted: 0, current: 0 };
  const tried = { accepted: 0, current: 0 };
  for (let life = 0; life < 4; life++) {
    const both = new EpochFiles(disk, '/d', 0);
    for (const [name, value] of [
      ['accepted', both.acceptedEpoch],
      ['current', both.currentEpoch],
    ] as const) {
      expect([durable[name], tried[name]]).toContain(value);
      if (durable[name] !== tried[name]) seen[value === tried[name] ? 'kept' : 'lost'] += 1;
      // What a start has shown is relied upon.
      durable[name] = tried[name] = value;
    }
    const action = rng.pick(['open', 'write', 'datasync', 'rename', 'syncDirectory'] as const);
    disk.planFault({ action, code: 'EIO', after: rng.below(6) });
    try {
      for (let step = rng.between(1, 5); step > 0; step--) {
        const name = both.currentEpoch < both.acceptedEpoch && rng.chance(50) ? 'current' : 'accepted';
        tried[name] = name === 'current' ? both.acceptedEpoch : both.acceptedEpoch + rng.between(1, 200);
        if (name === 'current') both.setCurrentEpoch(tried[name]);
        else both.setAcceptedEpoch(tried[name]);
        durable[name] = tried[name];
      }
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EIO') throw error;
      seen.failed += 1;
    }
    if (rng.chance(30)) disk.kill();
    else disk.crash();
  }
}
