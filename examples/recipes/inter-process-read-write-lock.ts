/** Many readers or one writer; a writer becomes a reader without letting another writer in. */
import { connect, InterProcessReadWriteLock } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

const here = new InterProcessReadWriteLock(client, '/examples/catalogue');
const there = new InterProcessReadWriteLock(other, '/examples/catalogue');

await using first = await here.readLock.acquire();
await using second = await there.readLock.acquire();
console.log(`both read: ${first.held && second.held}`);
await first.release();
await second.release();

const writing = await here.writeLock.acquire();
const waiting = there.writeLock.acquire();
await using reading = await here.readLock.acquire({ lease: writing });
await writing.release();
console.log(`reads what it wrote: ${reading.held}`);
await reading.release();
await using next = await waiting;
console.log(`then the other one writes: ${next.fencingToken > reading.fencingToken}`);

// Prints:
//   both read: true
//   reads what it wrote: true
//   then the other one writes: true
