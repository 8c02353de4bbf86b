/** A node that is there for as long as somebody keeps it: put back when it is deleted, in a new session, too. */
import { connect, PersistentNode, PersistentTtlNode } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

await using node = await PersistentNode.start(client, '/examples/hosts/host-7', 'starting');
await node.set('ready');
console.log(`host-7: ${(await other.get(node.path)).data}`);

const back = new Promise<void>((resolve) => {
  node.onState((state) => state === 'present' && resolve());
});
await other.delete(node.path);
await back;
console.log(`host-7, deleted and back: ${(await other.get(node.path)).data}`);
await node.close();
console.log(`host-7, closed: ${await other.exists(node.path)}`);

// One that outlives its keeper's session, for so long: for a server that has TTL nodes switched on.
await using lasting = await PersistentTtlNode.start(client, '/examples/lasting', 60_000, 'here');
console.log(`lasting: ${(await other.get(lasting.path)).data}`);

// Prints:
//   host-7: ready
//   host-7, deleted and back: ready
//   host-7, closed: null
//   lasting: here
