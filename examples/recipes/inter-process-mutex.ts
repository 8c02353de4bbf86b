/** One holder in the whole cluster at a time, in the order of asking. */
import { connect, InterProcessMutex } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

const mutex = new InterProcessMutex(client, '/examples/mutex');
const elsewhere = new InterProcessMutex(other, '/examples/mutex');

const lease = await mutex.acquire({ timeoutMs: 10_000 });
const refused = await elsewhere.acquire({ timeoutMs: 0 }).catch((error: Error) => error.name);
console.log(`held here: ${lease.held}, asked elsewhere: ${refused}`);

const waiting = elsewhere.acquire({ signal: AbortSignal.timeout(10_000) });
await lease.release();
await using next = await waiting;
console.log(`held elsewhere: ${next.held}, with a greater token: ${next.fencingToken > lease.fencingToken}`);

// Prints:
//   held here: true, asked elsewhere: AcquireTimeoutError
//   held elsewhere: true, with a greater token: true
