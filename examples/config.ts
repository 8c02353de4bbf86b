/**
 * An app whose limits are published: every process that runs it sees a change at once, and none that is not valid.
 *
 *     node dist/examples/config.js 127.0.0.1:2181                         follows the limits
 *     node dist/examples/config.js 127.0.0.1:2181 publish '{"maxItems":50}'
 */

import { z } from 'zod';
import { ConfigStore, connect } from 'zookit';

const Limits = z.object({ maxItems: z.number().int().positive(), regions: z.array(z.string()).default([]) });

const [connectString = '127.0.0.1:2181', command, value] = process.argv.slice(2);
await using client = await connect(connectString);
const limits = new ConfigStore(client, '/examples/limits', { schema: Limits });

if (command === 'publish') {
  try {
    const version = await limits.publish(JSON.parse(value ?? '{}'), { by: process.env.USER ?? 'somebody' });
    console.log(`published as version ${version}`);
  } catch (error) {
    console.error(`refused: ${(error as Error).message}`);
    process.exitCode = 1;
  }
} else {
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort()).once('SIGINT', () => stop.abort());
  for await (const { value: now, version } of limits.subscribe({ signal: stop.signal })) {
    console.log(
      `version ${version}: at most ${now.maxItems} items, regions ${now.regions.join(', ') || 'none'}`,
    );
  }
  console.log('stopped');
}
