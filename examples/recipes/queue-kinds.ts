/** Queues by priority, by time, and with ids by which items are found. */
import {
  connect,
  DistributedDelayQueue,
  DistributedIdQueue,
  DistributedPriorityQueue,
  type Queue,
} from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);

/** Prints so many items as they come. */
async function print(queue: Queue<string>, count: number): Promise<void> {
  const stop = new AbortController();
  await queue.consume(
    (item) => {
      console.log(item);
      if (--count === 0) stop.abort();
    },
    { signal: stop.signal },
  );
}

await using byPriority = new DistributedPriorityQueue<string>(client, '/examples/by-priority');
await byPriority.put('less urgent', 5);
await byPriority.put('urgent', 1);
await print(byPriority, 2);

await using byTime = new DistributedDelayQueue<string>(client, '/examples/by-time');
await byTime.put('in a moment', Date.now() + 200);
await byTime.put('now', Date.now());
await print(byTime, 2);

await using byId = new DistributedIdQueue<string>(client, '/examples/by-id');
await byId.put('an order', 'order-1');
await byId.put('another order', 'order-2');
console.log(`taken back: ${await byId.remove('order-1')}`);
await print(byId, 1);

// Prints:
//   urgent
//   less urgent
//   now
//   in a moment
//   taken back: 1
//   another order
