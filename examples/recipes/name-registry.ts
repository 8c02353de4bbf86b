/** Names given to whoever asks first, to be looked up and followed. */
import { connect, json, NameRegistry, NameTakenError } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

const codec = json<{ readonly host: string }>();
await using names = new NameRegistry(client, '/examples/names', { codec });
await using elsewhere = new NameRegistry(other, '/examples/names', { codec });

await using name = await names.register('primary', { host: 'db-1' });
console.log(await elsewhere.lookup('primary'));
try {
  await elsewhere.register('primary', { host: 'db-2' });
} catch (error) {
  if (!(error instanceof NameTakenError)) throw error;
  console.log('taken');
}
for await (const value of elsewhere.watch('primary')) {
  if (value === null) break;
  console.log(`primary is at ${value.host}`);
  await name.release();
}
console.log('free again');

// Prints:
//   { host: 'db-1' }
//   taken
//   primary is at db-1
//   free again
