/** Opens, for good, when it has been counted down; nobody is counted twice. */
import { CountDownLatch, connect } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

const ready = new CountDownLatch(client, '/examples/ready', 2);
const started = ready.wait({ timeoutMs: 10_000 }).then(() => console.log('all are ready'));

const part = new CountDownLatch(other, '/examples/ready', 2);
console.log(`missing: ${await part.countDown({ id: 'database' })}`);
console.log(`missing: ${await part.countDown({ id: 'database' })}`);
await part.countDown({ id: 'cache' });
await started;
await ready.reset();

// Prints:
//   missing: 1
//   missing: 1
//   all are ready
