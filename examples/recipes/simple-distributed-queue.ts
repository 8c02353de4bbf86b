/** Whoever removes an item has it, and nobody has it again. */
import { connect, SimpleDistributedQueue, text } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

await using here = new SimpleDistributedQueue(client, '/examples/simple', { codec: text });
await using there = new SimpleDistributedQueue(other, '/examples/simple', { codec: text });

await here.offer('first');
await here.offer('second');
console.log(`next: ${await there.peek()}`);
console.log(`taken: ${await there.take()}, ${await here.take()}`);
console.log(`and then: ${await there.poll()}`);

// Prints:
//   next: first
//   taken: first, second
//   and then: null
