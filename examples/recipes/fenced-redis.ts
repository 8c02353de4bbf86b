/** Redis refuses the write of a holder whose lock has passed on. The address of Redis comes after that of ZooKeeper. */
import { Redis } from 'ioredis';
import { connect, FencedOutError, FencedRedis, InterProcessMutex } from 'zookit';

const [connectString = '127.0.0.1:2181', redisUrl = 'redis://127.0.0.1:6379'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);
const redis = new Redis(redisUrl);

const orders = new FencedRedis(redis, { resource: 'examples' });
const slow = await new InterProcessMutex(client, '/examples/fenced-redis').acquire();
// All that goes with a request to another process is the token.
const late = orders.with({ fencingToken: slow.fencingToken });
await late.set('examples:order', 'paid');
await slow.release();

await using quick = await new InterProcessMutex(other, '/examples/fenced-redis').acquire();
await orders.with(quick).set('examples:order', 'sent');
try {
  await late.set('examples:order', 'cancelled');
} catch (error) {
  if (!(error instanceof FencedOutError)) throw error;
  console.log('the late write was refused');
}
console.log(`order: ${await redis.get('examples:order')}`);
await redis.quit();

// Prints:
//   the late write was refused
//   order: sent
