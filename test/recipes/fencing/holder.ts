import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuiltPackage } from '../../kit/built.ts';

/**
 * A program that takes the lock `/locks/shared` and writes to the node `/value`, and to Redis if it is given one, as fast as it can,
 * with its token and without ever asking whether it still holds the lock: what a program does that is stopped between asking and
 * writing. It says `holding` after the first write, `outcome` and the codes whenever a write was refused, and ends with `stopped`
 * when all of them were fenced out.
 */
export function holderScript(built: BuiltPackage, zk: string, redisPort?: number): string {
  const url = pathToFileURL(join(dirname(dirname(built.main)), 'index.js')).href;
  const redis =
    redisPort === undefined
      ? ''
      : `const { Redis } = (await import(${JSON.stringify(import.meta.resolve('ioredis'))})).default;
const writer = new FencedRedis(new Redis(${redisPort}, '127.0.0.1'), { resource: 'shared' }).with({ fencingToken });
writes.push((value) => writer.set('{shared}:value', value));`;
  return `
const { connect, InterProcessMutex, FencedRedis, fencedSet } = await import(${JSON.stringify(url)});
const client = await connect(${JSON.stringify(zk)}, { sessionTimeoutMs: 2000 });
const { path, fencingToken } = await new InterProcessMutex(client, '/locks/shared').acquire();
const writes = [(value) => fencedSet(client, { path, fencingToken }, '/value', value)];
${redis}
for (let n = 0; ; n++) {
  const results = await Promise.allSettled(writes.map((write) => write('first ' + n)));
  const codes = results.map(({ status, reason }) => (status === 'fulfilled' ? 'written' : reason.code));
  if (n === 0) console.log('holding');
  if (codes.some((code) => code !== 'written')) console.log('outcome ' + codes.join(' '));
  if (codes.every((code) => code === 'FencedOut')) break;
}
console.log('stopped');
process.exit(0);
`;
}
