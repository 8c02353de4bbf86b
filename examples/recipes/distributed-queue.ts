/** Items are handled at least once, in order; what fails again and again is set aside. */
import { connect, DistributedQueue } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

await using queue = new DistributedQueue<string>(client, '/examples/mail', { attemptsMax: 2 });
for (const to of ['ada', 'nobody', 'grace']) await queue.put(to);

const stop = new AbortController();
let left = 3;
const done = (): void => {
  if (--left === 0) stop.abort();
};
await using consumer = new DistributedQueue<string>(other, '/examples/mail', { attemptsMax: 2 });
await consumer.consume(
  (to) => {
    if (to === 'nobody') throw new Error('no such address');
    console.log(`mail to ${to}`);
    done();
  },
  {
    signal: stop.signal,
    onFailure: ({ item, attempt, poison }) => {
      console.log(`${item}: attempt ${attempt} failed${poison ? ', set aside' : ''}`);
      if (poison) done();
    },
  },
);
console.log(`set aside: ${(await queue.poison()).length}, left: ${await queue.size()}`);
for (const { path } of await queue.poison()) await queue.discardPoison(path);

// Prints:
//   mail to ada
//   nobody: attempt 1 failed
//   mail to grace
//   nobody: attempt 2 failed, set aside
//   set aside: 1, left: 0
