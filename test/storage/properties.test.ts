import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryFiles } from '../../core/io/memory-files.ts';
import { silentLogger } from '../../core/ports.ts';
import { adler32 } from '../../core/storage/checksum.ts';
import { CorruptLogError, CorruptSnapshotError } from '../../core/storage/errors.ts';
import {
  ENTRY_OVERHEAD_BYTES,
  LOG_HEADER_BYTES,
  writeEntry,
  writeLogHeader,
} from '../../core/storage/log-format.ts';
import { replayLogs } from '../../core/storage/replay.ts';
import { writeSnapshotEnd, writeSnapshotHead } from '../../core/storage/snapshot-format.ts';
import { readSnapshot } from '../../core/storage/snapshot-reader.ts';
import { ByteWriter } from '../../wire/bytes.ts';
import { FixedSource, RecordedState } from '../kit/recorded-state.ts';
import { makeTxn } from './crash-trial.ts';

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const word = fc.option(fc.string({ maxLength: 12 }), { nil: null });
const acl = fc.record({ perms: fc.integer({ min: 0, max: 31 }), id: fc.record({ scheme: word, id: word }) });
const digest = fc.record({
  zxid: fc.integer({ min: 1, max: 2 ** 40 }),
  version: fc.constantFrom(2, 3),
  digest: int64,
});
const node = fc.record({
  // Only the end mark is "/".
  path: fc.string({ maxLength: 30 }).filter((path) => path !== '/'),
  data: fc.option(fc.uint8Array({ maxLength: 300 }).map(Buffer.from), { nil: null }),
  aclId: fc.integer({ min: -1, max: 2 ** 40 }),
  stat: fc.uint8Array({ minLength: 60, maxLength: 60 }).map(Buffer.from),
});
const state = fc.record({
  sessions: fc.array(fc.tuple(int64, fc.integer({ min: 0, max: 2 ** 31 - 1 }))),
  acls: fc.array(fc.tuple(fc.integer({ min: 1, max: 2 ** 40 }), fc.array(acl))),
  nodes: fc.array(node, { maxLength: 60 }),
});

/** Writes a snapshot in chunks of about `chunkBytes`, summing across them as the writer on disk does. */
function snapshotBytes(source: FixedSource, chunkBytes: number, lastZxid: number | null): Buffer {
  const chunks: Buffer[] = [];
  const writer = new ByteWriter();
  let adler = 1;
  const flush = (): void => {
    adler = adler32(writer.bytes, 0, writer.pos, adler);
    chunks.push(writer.finish());
    writer.reset();
  };
  writeSnapshotHead(writer, source);
  flush();
  while (source.writeNodes(writer, chunkBytes)) flush();
  writeSnapshotEnd(writer, adler, source.digest(), lastZxid);
  chunks.push(writer.finish());
  return Buffer.concat(chunks);
}

function read(bytes: Buffer): RecordedState {
  const files = new MemoryFiles();
  files.makeDirectory('/d');
  const file = files.open('/d/snapshot.5', 'create');
  file.writeNow(bytes, 0);
  const recorded = new RecordedState();
  readSnapshot(file, 5, recorded);
  return recorded;
}

test('any snapshot comes back as it was written', () => {
  fc.assert(
    fc.property(
      state,
      fc.option(digest, { nil: null }),
      fc.integer({ min: 1, max: 3000 }),
      (given, end, chunkBytes) => {
        const bytes = snapshotBytes(
          new FixedSource(5, given, end),
          chunkBytes,
          end === null ? null : end.zxid,
        );
        const { sessions, acls, nodes, snapshot } = read(bytes);
        expect({ sessions, acls, nodes }).toEqual(given);
        expect(snapshot).toEqual({ zxid: 5, digest: end });
      },
    ),
  );
});

test('a spoiled snapshot is refused as such, whatever was done to it', () => {
  const spoil = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(state, digest, spoil, fc.boolean(), (given, end, changes, cut) => {
      const bytes = snapshotBytes(new FixedSource(5, given, end), 500, null);
      const original = Buffer.from(bytes);
      for (const [at, by] of changes) bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ by;
      fc.pre(!bytes.equals(original));
      expect(() => read(cut ? bytes.subarray(0, -1) : bytes)).toThrow(CorruptSnapshotError);
    }),
  );
});

test('of a spoiled log, a prefix comes back, or it is refused', () => {
  const lengths = fc.array(fc.nat({ max: 700 }), { minLength: 1, maxLength: 12 });
  const spoil = fc.array(fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 40 })), {
    minLength: 1,
    maxLength: 3,
  });
  fc.assert(
    fc.property(lengths, spoil, fc.nat(), (dataLengths, changes, cut) => {
      const txns = dataLengths.map((length, index) => makeTxn(index + 1, Buffer.alloc(length, index)));
      const bytes = Buffer.alloc(
        txns.reduce((sum, txn) => sum + txn.length + ENTRY_OVERHEAD_BYTES, LOG_HEADER_BYTES) + 600,
      );
      writeLogHeader(bytes, 0);
      let at = LOG_HEADER_BYTES;
      const ends = txns.map((txn) => {
        writeEntry(bytes, at, txn);
        at += txn.length + ENTRY_OVERHEAD_BYTES;
        return at;
      });
      let firstSpoiled = bytes.length;
      for (const [where, what] of changes) {
        const offset = where % (bytes.length - what.length);
        bytes.set(what, offset);
        firstSpoiled = Math.min(firstSpoiled, offset);
      }
      const files = new MemoryFiles();
      files.makeDirectory('/d');
      files.open('/d/log.1', 'create').writeNow(bytes.subarray(0, bytes.length - (cut % bytes.length)), 0);
      const recorded = new RecordedState();
      let refused = false;
      try {
        replayLogs(files, [{ path: '/d/log.1', zxid: 1 }], { zxid: 0, shownZxid: 0 }, recorded, silentLogger);
      } catch (error) {
        if (!(error instanceof CorruptLogError) && (error as { code?: string }).code !== 'log-gap')
          throw error;
        refused = true;
      }
      for (const [index, { bytes: found }] of recorded.txns.entries())
        expect(found.equals(txns[index] as Buffer)).toBe(true);
      // What lies before the first spoiled byte and the cut is there in any case.
      const untouched = ends.filter(
        (end) => end <= Math.min(firstSpoiled, bytes.length - (cut % bytes.length)),
      ).length;
      if (!refused) expect(recorded.txns.length).toBeGreaterThanOrEqual(untouched);
    }),
    { numRuns: 500 },
  );
});
