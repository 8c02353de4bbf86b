/** A group whose members know each other. */
import { connect, GroupMember } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

await using first = await GroupMember.start(client, '/examples/group', 'first', '10.0.0.1');
const joined = new Promise<void>((resolve) => first.onChange((id) => id === 'second' && resolve()));
await using _second = await GroupMember.start(other, '/examples/group', 'second', '10.0.0.2');
await joined;
for (const [id, address] of first.members()) console.log(`${id} at ${address}`);

// Prints:
//   first at 10.0.0.1
//   second at 10.0.0.2
