/** A whole tree in memory, kept like the server's, with its changes. */
import { connect, ZNodeCache } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

await other.deleteRecursive('/examples/settings').catch(() => {});
await other.create('/examples/settings/colour', 'red', { parents: true });
await using cache = await ZNodeCache.start(client, '/examples/settings', { scope: 'tree' });
console.log(`colour ${cache.get('/examples/settings/colour')?.data}`);

for await (const change of cache.changes()) {
  if (change.type === 'resync') {
    // Comes first, and whenever something may have been missed: look at the cache then.
    await other.set('/examples/settings/colour', 'green');
    continue;
  }
  console.log(`${change.type} ${change.node.path} ${change.node.data}`);
  if (change.type === 'created') break;
  await other.create('/examples/settings/size', '7');
}
console.log(cache.children('/examples/settings').join(', '));

// Prints:
//   colour red
//   changed /examples/settings/colour green
//   created /examples/settings/size 7
//   colour, size
