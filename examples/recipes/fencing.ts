/** A holder whose lock has passed on cannot overwrite its successor, whatever it believes. */
import { connect, FencedOutError, fencedSet, InterProcessMutex } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

await client.ensurePath('/examples/fenced/balance');
const slow = await new InterProcessMutex(client, '/examples/fenced/lock').acquire();
await fencedSet(client, slow, '/examples/fenced/balance', '90');

// As if the session of the first holder had expired while its process was stopped.
await other.delete(slow.path);
await using quick = await new InterProcessMutex(other, '/examples/fenced/lock').acquire();
await fencedSet(other, quick, '/examples/fenced/balance', '80');

try {
  await fencedSet(client, slow, '/examples/fenced/balance', '70');
} catch (error) {
  if (!(error instanceof FencedOutError)) throw error;
  console.log('the late write was refused');
}
console.log(`balance ${(await other.get('/examples/fenced/balance')).data}`);

// Prints:
//   the late write was refused
//   balance 80
