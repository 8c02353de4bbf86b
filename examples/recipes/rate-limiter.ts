/** No more than so many things in an interval, in the whole cluster. */
import { connect, RateLimiter } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

const options = { permits: 2, intervalMs: 500 };
await using here = new RateLimiter(client, '/examples/rate', options);
await using there = new RateLimiter(other, '/examples/rate', options);
const beganMs = performance.now();
for (const limiter of [here, there, here, there, here]) await limiter.acquire();
// The third waits for the first permit to come back, the fifth once more.
console.log(`five took at least a second: ${performance.now() - beganMs >= 1_000}`);

// Prints:
//   five took at least a second: true
