/** Several locks, all of them or none. */
import { connect, InterProcessMultiLock, InterProcessMutex } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

const from = '/examples/accounts/from';
const to = '/examples/accounts/to';
const both = new InterProcessMultiLock([
  new InterProcessMutex(client, from),
  new InterProcessMutex(client, to),
]);

await using transfer = await both.acquire();
console.log(`both accounts: ${transfer.leases.length} leases`);
const one = await new InterProcessMutex(other, to)
  .acquire({ timeoutMs: 0 })
  .catch((error: Error) => error.name);
console.log(`the second account alone: ${one}`);
await transfer.release();
await using account = await new InterProcessMutex(other, to).acquire();
// One of the two is taken, so neither is kept.
console.log(await both.acquire({ timeoutMs: 0 }).catch((error: Error) => error.name));
console.log(
  `the first account is free: ${(await new InterProcessMutex(client, from).inspect()).holder === null}`,
);
await account.release();

// Prints:
//   both accounts: 2 leases
//   the second account alone: AcquireTimeoutError
//   AcquireTimeoutError
//   the first account is free: true
