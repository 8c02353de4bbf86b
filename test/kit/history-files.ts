import { ENTRY_OVERHEAD_BYTES, writeEntry, writeLogHeader } from '../../core/storage/log-format.ts';
import { writeSnapshotEnd, writeSnapshotHead } from '../../core/storage/snapshot-format.ts';
import { ByteWriter } from '../../wire/bytes.ts';
import { makeTxn } from '../storage/crash-trial.ts';
import { FixedSource } from './recorded-state.ts';

const stat = Buffer.alloc(60);
const LOG_HEADER_BYTES = 16;

/** A log with these transactions, each with some data of its own, and zeros behind them. */
export function logBytes(zxids: readonly number[], dataBytes = 20, zeroBytes = 1000): Buffer {
  const txns = zxids.map((zxid) => makeTxn(zxid, Buffer.alloc(dataBytes, zxid)));
  const length = txns.reduce((sum, txn) => sum + txn.length + ENTRY_OVERHEAD_BYTES, LOG_HEADER_BYTES);
  const bytes = Buffer.alloc(length + zeroBytes);
  writeLogHeader(bytes, 0);
  let at = LOG_HEADER_BYTES;
  for (const txn of txns) {
    writeEntry(bytes, at, txn);
    at += txn.length + ENTRY_OVERHEAD_BYTES;
  }
  return bytes;
}

/** A snapshot begun at `zxid`; when it was done, the tree was at `end`. */
export function snapshotBytes(zxid: number, end: number): Buffer {
  const nodes = [{ path: '', data: null, aclId: -1, stat }];
  const source = new FixedSource(zxid, { sessions: [[7n, 4000]], acls: [], nodes }, null);
  const writer = new ByteWriter();
  writeSnapshotHead(writer, source);
  source.writeNodes(writer, 1_000_000);
  writeSnapshotEnd(writer, 1, { zxid: end, version: 2, digest: 5n }, end);
  return writer.finish();
}
