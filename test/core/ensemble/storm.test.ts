import { expect, test } from 'vitest';
import { OPEN_ACL } from '../../../wire/data.ts';
import { OpCode } from '../../../wire/opcodes.ts';
import { FakeClient } from '../../kit/fake-client.ts';
import { type Rng, withSeed } from '../../kit/seed.ts';
import { SimulatedCluster } from '../../sim/cluster.ts';

const RUNS = Number(process.env.RUNS ?? 40);
const STEPS = 6_000;

/** A client that creates one node after the other, anywhere, and remembers what was acknowledged. */
class Writer {
  readonly acknowledged: string[] = [];
  readonly #name: string;
  readonly #cluster: SimulatedCluster;
  #client: FakeClient | null = null;
  #count = 0;
  #asked: string | null = null;

  constructor(name: string, cluster: SimulatedCluster) {
    this.#name = name;
    this.#cluster = cluster;
  }

  step(): void {
    if (this.#client === null || this.#client.isClosed) {
      this.#asked = null;
      const up = this.#cluster.members.filter(({ member }) => member?.service != null);
      this.#client = up.length === 0 ? null : new FakeClient(this.#cluster.rng.pick(up)).handshake();
      return;
    }
    if (this.#client.sessionId === 0n || this.#client.awaited > 0) return;
    for (const { err } of this.#client.takeReplies()) {
      expect(err).toBe(0);
      this.acknowledged.push(this.#asked!);
    }
    this.#asked = `/${this.#name}-${++this.#count}`;
    this.#client.send(OpCode.create, {
      path: this.#asked,
      data: Buffer.from(this.#asked),
      acl: [...OPEN_ACL],
      flags: 0,
    });
  }
}

function storm(rng: Rng): { cluster: SimulatedCluster; writers: Writer[] } {
  const cluster = new SimulatedCluster({
    voters: rng.pick([3, 3, 5]),
    rng: rng.fork(),
    committedCount: rng.pick([4, 50, 500]),
  });
  const writers = ['a', 'b', 'c'].map((name) => new Writer(name, cluster));
  const calmness = rng.between(100, 1000);
  for (let i = 0; i < STEPS; i++) {
    cluster.step();
    if (rng.chance(20)) rng.pick(writers).step();
    if (rng.below(calmness) > 0) continue;
    const member = rng.pick(cluster.members);
    if (!member.isUp) member.start();
    else if (rng.chance(60)) member.crash();
    else for (const wire of [...member.wires]) wire.cut();
  }
  return { cluster, writers };
}

test(`whatever was acknowledged stays, and servers agree in the end, ${RUNS} runs`, async () => {
  let acknowledged = 0;
  await withSeed('test/core/ensemble/storm.test.ts', (rng) => {
    for (let run = 0; run < RUNS; run++) {
      const { cluster, writers } = storm(rng);
      for (const member of cluster.members) if (!member.isUp) member.start();
      cluster.until('all serving', () => cluster.areAllServing);
      cluster.until('equal', () =>
        cluster.members.every(({ tree }) => tree.digest.equals(cluster.leader!.tree.digest)),
      );
      for (const { tree, failures, id } of cluster.members) {
        expect(failures).toEqual([]);
        for (const path of writers.flatMap((writer) => writer.acknowledged)) {
          expect(tree.findPath(path), `${path} on server ${id} in run ${run}`).not.toBe(0);
        }
      }
      for (const writer of writers) acknowledged += writer.acknowledged.length;
    }
  });
  expect(acknowledged).toBeGreaterThan(RUNS * 5);
}, 600_000);
