/** So many permits in the whole cluster; one permit is a lock. */
import { connect, InterProcessSemaphoreMutex, InterProcessSemaphoreV2 } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

const licences = new InterProcessSemaphoreV2(client, '/examples/licences', 3);
const elsewhere = new InterProcessSemaphoreV2(other, '/examples/licences', 3);

await using two = await licences.acquireMany(2);
await using third = await elsewhere.acquire();
const fourth = await licences.acquire({ timeoutMs: 0 }).catch((error: Error) => error.name);
console.log(`${two.leases.length} here and ${third.held ? 1 : 0} there, then: ${fourth}`);
await third.release();
await using again = await licences.acquire({ timeoutMs: 10_000 });
console.log(`one is free again: ${again.held}`);

await using lock = await new InterProcessSemaphoreMutex(client, '/examples/one-licence').acquire();
console.log(`the only one: ${lock.held}`);

// Prints:
//   2 here and 1 there, then: AcquireTimeoutError
//   one is free again: true
//   the only one: true
