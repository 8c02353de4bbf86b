import { expect, test } from 'vitest';
import { silentLogger } from '../../../core/ports.ts';
import { writeSnapshotEnd, writeSnapshotHead } from '../../../core/storage/snapshot-format.ts';
import { readSnapshot } from '../../../core/storage/snapshot-reader.ts';
import { TreeRestorer } from '../../../core/tree/restore.ts';
import { TreeSnapshot } from '../../../core/tree/snapshot-view.ts';
import { ByteWriter } from '../../../wire/bytes.ts';
import { OpCode } from '../../../wire/opcodes.ts';
import { readLoggedTxn } from '../../../wire/txn.ts';
import type { FakeClient } from '../../kit/fake-client.ts';
import { drawWrite } from '../../kit/random-requests.ts';
import { Rng, withSeed } from '../../kit/seed.ts';
import { SimulatedFiles } from '../../kit/simulated-files.ts';
import { SimulatedServer } from '../../kit/simulated-server.ts';
import { aclUsage, stateOf } from '../../kit/tree-state.ts';

const FILE = 'test/core/tree/snapshot.test.ts';
const TRIALS = Number(process.env.TRIALS ?? 400);

/** A server under random load, while a snapshot is taken of it in pieces. */
class FuzzyTrial {
  readonly #rng: Rng;
  readonly #server: SimulatedServer;
  #clients: FakeClient[];

  constructor(rng: Rng) {
    this.#rng = rng;
    this.#server = new SimulatedServer({ rng: rng.fork(), config: { snapCount: 1e9 } });
    this.#clients = [this.#server.client(), this.#server.client()];
  }

  /** Takes `count` snapshots that overlap: each begins, goes on and ends between any two steps of the others. */
  run(count: number): void {
    for (let i = this.#rng.below(60); i > 0; i--) this.#act();
    const waiting = Array.from({ length: count }, () => this.#rng.pick([1, 1, 200, 5000]));
    const walks: { source: TreeSnapshot; writer: ByteWriter; goal: number }[] = [];
    const taken: { bytes: Buffer; zxid: number }[] = [];
    while (waiting.length + walks.length > 0) {
      for (let i = this.#rng.below(6); i > 0; i--) this.#act();
      if (waiting.length > 0 && (walks.length === 0 || this.#rng.chance(30))) {
        walks.push(this.#begin(waiting.pop() as number));
      }
      const at = this.#rng.below(walks.length);
      const { source, writer, goal } = walks[at]!;
      if (source.writeNodes(writer, goal)) continue;
      walks.splice(at, 1);
      for (let i = this.#rng.below(3); i > 0; i--) this.#act();
      writeSnapshotEnd(writer, 1, source.digest(), this.#server.tree.lastProcessedZxid);
      source.close();
      taken.push({ bytes: writer.finish(), zxid: source.zxid });
    }
    for (let i = this.#rng.below(20); i > 0; i--) this.#act();
    expect(this.#server.stats.digestMismatches).toBe(0);
    for (const { bytes, zxid } of taken) this.#compare(bytes, zxid);
    this.#compare(taken[0]!.bytes, taken[0]!.zxid);
  }

  #begin(goal: number): { source: TreeSnapshot; writer: ByteWriter; goal: number } {
    const source = new TreeSnapshot(this.#server.tree);
    const writer = new ByteWriter();
    writeSnapshotHead(writer, source);
    return { source, writer, goal };
  }

  #act(): void {
    const rng = this.#rng;
    const kind = rng.weighted({ writes: 85, close: 4, open: 4, reap: 4, wait: 3 });
    if (kind === 'open') this.#clients.push(this.#server.client(rng.between(2000, 40_000)));
    else if (kind === 'reap') this.#server.advance(60_000 + rng.below(60_000));
    else if (kind === 'wait') this.#server.advance(rng.below(20_000));
    const client = this.#clients.length === 0 ? this.#server.client() : rng.pick(this.#clients);
    if (kind === 'close') client.send(OpCode.closeSession, null);
    for (let i = rng.below(4); i >= 0 && !client.isClosed; i--) client.sendRaw(drawWrite(rng, client));
    this.#server.settle();
    this.#clients = this.#clients.filter((other) => !other.isClosed);
    if (!this.#clients.includes(client) && this.#clients.length === 0)
      this.#clients = [client].filter((c) => !c.isClosed);
  }

  #compare(snapshot: Buffer, zxid: number): void {
    const { tree } = this.#server;
    const files = new SimulatedFiles(new Rng(1));
    files.makeDirectory('/s');
    const file = files.open('/s/snapshot', 'create');
    file.writeNow(snapshot, 0);
    const restorer = new TreeRestorer({ ...tree.options, hashSeed: this.#rng.next() }, silentLogger);
    readSnapshot(file, zxid, restorer);
    for (const bytes of this.#server.logged) {
      const logged = readLoggedTxn(bytes);
      if (logged.header.zxid > zxid) restorer.txn(logged);
    }
    expect(restorer.mismatches).toBe(0);
    const restored = restorer.finish();
    expect(stateOf(restored)).toEqual(stateOf(tree));
    const { used, listed } = aclUsage(restored);
    expect(listed).toBe(used);
    expect(aclUsage(tree).listed).toBe(aclUsage(tree).used);
  }
}

for (const [count, trials] of [
  [1, TRIALS],
  [2, Math.ceil(TRIALS / 4)],
  [3, Math.ceil(TRIALS / 4)],
] as const) {
  const what = count === 1 ? 'a fuzzy snapshot' : `each of ${count} fuzzy snapshots taken at a time`;
  test(`${what} and the log behind it give the very same tree, ${trials} times`, async () => {
    await withSeed(FILE, (rng) => {
      for (let trial = 0; trial < trials; trial++) {
        const seed = rng.next();
        try {
          new FuzzyTrial(new Rng(seed)).run(count);
        } catch (error) {
          throw new Error(`trial ${trial} (its own seed: ${seed}): ${(error as Error).message}`, {
            cause: error,
          });
        }
      }
    });
  }, 300_000);
}
