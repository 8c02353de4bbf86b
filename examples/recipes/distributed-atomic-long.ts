/** Numbers and values that are changed by compare-and-set, from anywhere. */
import { connect, DistributedAtomicLong, DistributedAtomicValue, text } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

await using orders = new DistributedAtomicLong(client, '/examples/orders');
await using elsewhere = new DistributedAtomicLong(other, '/examples/orders', {
  lockPath: '/examples/orders-lock',
});
await orders.forceSet(100);
await Promise.all([1, 2, 3, 4, 5].map(() => Promise.all([orders.increment(), elsewhere.increment()])));
console.log(`orders: ${await orders.get()}`);
const { succeeded, pre } = await elsewhere.compareAndSet(100, 0);
console.log(`set back: ${succeeded}, it is ${pre}`);

await using owner = new DistributedAtomicValue(client, '/examples/owner', { codec: text });
await owner.forceSet('ada');
console.log(`handed over: ${(await owner.compareAndSet('ada', 'grace')).succeeded}`);

// Prints:
//   orders: 110
//   set back: false, it is 110
//   handed over: true
