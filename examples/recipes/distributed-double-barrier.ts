/** Processes begin together, and end together. */
import { connect, DistributedDoubleBarrier } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

const log: string[] = [];
async function work(barrier: DistributedDoubleBarrier): Promise<void> {
  await barrier.enter({ timeoutMs: 10_000 });
  log.push('begins');
  await barrier.leave({ timeoutMs: 10_000 });
  log.push('is done');
}
await Promise.all([
  work(new DistributedDoubleBarrier(client, '/examples/double', 2)),
  work(new DistributedDoubleBarrier(other, '/examples/double', 2)),
]);
console.log(log.join(', '));

// Prints:
//   begins, begins, is done, is done
