/** The simple lock by a unique name, for comparison: every release wakes everybody. */
import { connect, HerdLock } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

const here = await new HerdLock(client, '/examples/herd').acquire();
const waiting = [1, 2, 3].map(async () => {
  await using lease = await new HerdLock(other, '/examples/herd').acquire();
  return lease.fencingToken;
});
await here.release();
const tokens = await Promise.all(waiting);
console.log(`${new Set(tokens).size} holders, one after the other, in no order that was promised`);

// Prints:
//   3 holders, one after the other, in no order that was promised
