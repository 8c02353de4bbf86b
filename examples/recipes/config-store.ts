/** Typed configuration: validated, published, followed, rolled back, and laid in layers. */
import { z } from 'zod';
import { ConfigStore, connect, LayeredConfig } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

const Limits = z.object({ maxItems: z.number().int().positive() });
await client.deleteRecursive('/examples/limits').catch(() => {});
const limits = new ConfigStore(client, '/examples/limits', { schema: Limits });
const followed = new ConfigStore(other, '/examples/limits', { schema: Limits });

const first = await limits.publish({ maxItems: 50 }, { by: 'ada' });
for await (const { value } of followed.subscribe()) {
  console.log(`at most ${value.maxItems}`);
  if (value.maxItems === 50) await limits.publish({ maxItems: 5 }, { by: 'grace', ifVersion: first });
  else break;
}
console.log(await limits.publish({ maxItems: -1 }).catch((error: Error) => error.name));
await limits.rollback(first, { by: 'ada' });
const history = await limits.history();
console.log(history.map(({ version, by }) => `version ${version} by ${by}`).join(', '));

const layers = new LayeredConfig(client, ['/examples/limits', '/examples/limits-here'], { schema: Limits });
console.log(`here at most ${(await layers.get()).value.maxItems}`);

// Prints:
//   at most 50
//   at most 5
//   InvalidValueError
//   version 2 by ada, version 1 by grace, version 0 by ada
//   here at most 50
