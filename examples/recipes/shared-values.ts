/** A number, or a value of any type, that everybody sees and may set. */
import { connect, json, SharedCount, SharedValue } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

await using permits = await SharedCount.start(client, '/examples/permits', 5);
await using seen = await SharedCount.start(other, '/examples/permits', 5);
await permits.set(8);
for await (const { value } of seen.changes()) {
  if (value === 8) break;
}
console.log(`permits: ${seen.value}`);
// Somebody else has written since: what was seen is not there any more.
const { versioned } = permits;
await seen.set(9);
console.log(`set: ${await permits.trySet(10, { previous: versioned })}`);

const initial = { colour: 'red' };
await using theme = await SharedValue.start(client, '/examples/theme', initial, { codec: json() });
await theme.set({ colour: 'green' });
console.log(theme.value);

// Prints:
//   permits: 8
//   set: false
//   { colour: 'green' }
