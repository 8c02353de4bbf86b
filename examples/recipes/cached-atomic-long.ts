/** Numbers that nobody else gets, taken from a shared counter in blocks: one write for a hundred. */
import { CachedAtomicLong, connect, DistributedAtomicLong } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

const here = new CachedAtomicLong(client, new DistributedAtomicLong(client, '/examples/cached'), 100);
const there = new CachedAtomicLong(other, new DistributedAtomicLong(other, '/examples/cached'), 100);
const numbers = new Set<number>();
for (let i = 0; i < 150; i++) numbers.add(await here.next()).add(await there.next());
console.log(`${numbers.size} numbers`);

// Prints:
//   300 numbers
