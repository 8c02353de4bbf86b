/** Who is here, with what they say about themselves, and who comes and goes. */
import { ClusterMembership, connect, json } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

type Load = { readonly load: number };
const codec = json<Load>();
await using onlooker = await ClusterMembership.start(client, '/examples/members', { codec });
let member: ClusterMembership<Load> | undefined;
for await (const change of onlooker.changes()) {
  if (change.type === 'resync') {
    // Comes first, and whenever something may have been missed: look at `members()` then.
    member = await ClusterMembership.start(other, '/examples/members', {
      id: 'host-7',
      value: { load: 0 },
      codec,
    });
    continue;
  }
  console.log(`${change.member.id} ${change.type}, load ${change.member.value?.load}`);
  if (change.type === 'joined') await member?.set({ load: 0.5 });
  if (change.type === 'changed') await member?.close();
  if (change.type === 'left') break;
}
console.log(`here: ${onlooker.size}`);

// Prints:
//   host-7 joined, load 0
//   host-7 changed, load 0.5
//   host-7 left, load 0.5
//   here: 0
