import { expect, test } from 'vitest';
import { silentLogger } from '../../core/ports.ts';
import { SnapshotStreamReader, SnapshotStreamWriter } from '../../core/storage/snapshot-stream.ts';
import { TreeRestorer } from '../../core/tree/restore.ts';
import { TreeSnapshot } from '../../core/tree/snapshot-view.ts';
import { javaProgramsMissing, startJava } from '../kit/java-programs.ts';
import { drawWrite } from '../kit/random-requests.ts';
import { withSeed } from '../kit/seed.ts';
import { SimulatedServer } from '../kit/simulated-server.ts';
import { stateOf } from '../kit/tree-state.ts';

const FILE = 'test/interop/snap-java.test.ts';
const missing = javaProgramsMissing();
if (missing !== null) process.stdout.write(`${FILE}: skipped, ${missing}\n`);

test.skipIf(missing !== null)('a tree is the same after a SNAP to Apache ZooKeeper and one back', () =>
  withSeed(FILE, async (rng) => {
    const server = new SimulatedServer({ rng: rng.fork(), config: { snapCount: 1e9 } });
    const clients = [server.client(), server.client()];
    for (let i = 0; i < 1500; i++) {
      const client = rng.pick(clients);
      client.sendRaw(drawWrite(rng, client));
      server.settle();
    }
    const { tree } = server;
    expect(tree.owners.ephemeralCount).toBeGreaterThan(0);
    await using java = startJava('SnapRoundTrip');
    const sent = Buffer.concat([...new SnapshotStreamWriter(new TreeSnapshot(tree))]);
    java.process.stdin?.end(sent);
    const back = Buffer.from((await java.success()).trim().split('\n').at(-1) ?? '', 'hex');
    expect(back.length).toBe(sent.length);
    const restorer = new TreeRestorer({ ...tree.options, hashSeed: rng.next() }, silentLogger);
    const reader = new SnapshotStreamReader(restorer, tree.lastProcessedZxid);
    expect(reader.push(back, 0, back.length)).toBe(back.length);
    expect(stateOf(restorer.finish())).toEqual(stateOf(tree));
  }),
);
