/** One process leads, in terms that are leases; when it goes, the next one does. */
import { connect, LeaderLatch } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

const first = await LeaderLatch.start(client, '/examples/latch', { id: 'first' });
const term = await first.leadership();
await using second = await LeaderLatch.start(other, '/examples/latch', { id: 'second' });
console.log(`leader: ${(await second.leader())?.id}, of ${(await second.participants()).length}`);

await first.close();
console.log(`its term has ended: ${term.signal.aborted}`);
const next = await second.leadership({ timeoutMs: 10_000 });
console.log(
  `leader: ${(await second.leader())?.id}, with a greater token: ${next.fencingToken > term.fencingToken}`,
);

// Prints:
//   leader: first, of 2
//   its term has ended: true
//   leader: second, with a greater token: true
