import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { NodeFiles } from '../../core/io/node-files.ts';
import { adler32 } from '../../core/storage/checksum.ts';
import { LogReader, writeEntry, writeLogHeader } from '../../core/storage/log-format.ts';
import { judgeTail } from '../../core/storage/log-tail.ts';
import { writeSnapshotEnd, writeSnapshotHead } from '../../core/storage/snapshot-format.ts';
import { readSnapshot } from '../../core/storage/snapshot-reader.ts';
import { ByteWriter } from '../../wire/bytes.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { readLoggedTxn, writeLoggedTxn } from '../../wire/txn.ts';
import { FixedSource, RecordedState } from '../kit/recorded-state.ts';

const files = new NodeFiles();
const golden = (name: string): string => new URL(`../golden/storage/${name}`, import.meta.url).pathname;

describe('a log written by Apache ZooKeeper 3.8', () => {
  const path = golden('log.1');
  const original = readFileSync(path);

  test('reads as the transactions that were made', () => {
    const reader = new LogReader(files.open(path, 'read'));
    const kinds: number[] = [];
    const digests: (bigint | undefined)[] = [];
    for (let entry = reader.next(); entry !== null; entry = reader.next()) {
      const logged = readLoggedTxn(entry.bytes);
      expect(logged.header.zxid).toBe(entry.zxid);
      kinds.push(logged.txn.type);
      digests.push(logged.digest?.treeDigest);
    }
    const { create, setData, multi, error, closeSession, createSession } = OpCode;
    expect(kinds).toEqual([createSession, create, create, setData, multi, multi, error, closeSession]);
    expect(digests).toEqual([
      0x51c6d660n,
      0x114770353n,
      0x1a3094362n,
      0x157f41f85n,
      0x2ce75e3c3n,
      0x2ce75e3c3n,
      undefined,
      0x29cbce830n,
    ]);
    expect(judgeTail(reader.window, reader.position, 8)).toEqual({ kind: 'end' });
  });

  test('is written again byte by byte', () => {
    const written = Buffer.alloc(original.length);
    writeLogHeader(written, 0);
    const reader = new LogReader(files.open(path, 'read'));
    for (let entry = reader.next(); entry !== null; entry = reader.next()) {
      const writer = new ByteWriter();
      writeLoggedTxn(writer, readLoggedTxn(entry.bytes));
      writeEntry(written, entry.at, writer.finish());
    }
    expect(written.equals(original)).toBe(true);
  });
});

describe.each(['snapshot.0', 'snapshot.8'])('%s written by Apache ZooKeeper 3.8', (name) => {
  const original = readFileSync(golden(name));
  const zxid = Number.parseInt(name.slice(9), 16);
  const state = new RecordedState();
  readSnapshot(files.open(golden(name), 'read'), zxid, state);

  test('reads as the nodes that were there', () => {
    const paths = state.nodes.map((node) => node.path);
    const system = ['/zookeeper', '/zookeeper/config', '/zookeeper/quota'];
    expect(paths).toEqual(name === 'snapshot.0' ? ['', ...system] : ['', '/a', '/b', ...system]);
    expect(state.snapshot?.digest ?? null).toEqual(
      name === 'snapshot.0' ? null : { zxid: 8, version: 2, digest: 0x29cbce830n },
    );
    expect(state.nodes.find((node) => node.path === '/a')?.data?.toString()).toBe(
      name === 'snapshot.8' ? 'world' : undefined,
    );
  });

  test('is written again byte by byte', () => {
    const writer = new ByteWriter();
    const digest = state.snapshot?.digest ?? { zxid: 0, version: 2, digest: 0n };
    const source = new FixedSource(zxid, state, digest);
    writeSnapshotHead(writer, source);
    const headBytes = writer.pos;
    while (source.writeNodes(writer, writer.pos + 1));
    // As if the head had gone out as a chunk of its own: the checksum has to run on across chunks.
    const body = new ByteWriter();
    body.writeRaw(writer.view().subarray(headBytes));
    writeSnapshotEnd(body, adler32(writer.bytes, 0, headBytes), source.digest(), null);
    expect(Buffer.concat([writer.view().subarray(0, headBytes), body.view()]).equals(original)).toBe(true);
  });
});
