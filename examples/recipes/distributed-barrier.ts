/** Processes wait while a barrier stands. */
import { connect, DistributedBarrier } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

const maintenance = new DistributedBarrier(client, '/examples/maintenance');
await maintenance.set();
const request = new DistributedBarrier(other, '/examples/maintenance')
  .wait({ timeoutMs: 10_000 })
  .then(() => console.log('a request goes on'));
console.log('maintenance is over');
await maintenance.remove();
await request;

// Prints:
//   maintenance is over
//   a request goes on
