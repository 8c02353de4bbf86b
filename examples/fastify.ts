/**
 * A Fastify app with a container: one report at a time in the whole cluster, and limits that follow what is published.
 *
 *     node dist/examples/fastify.js 127.0.0.1:2181 8080
 */
import 'reflect-metadata';
import Fastify from 'fastify';
import { container, injectable } from 'tsyringe';
import { z } from 'zod';
import type { Lease } from 'zookit';
import { configValue, locked, registerZookit } from 'zookit/di';

const Limits = z.object({ maxItems: z.number().int() });

@injectable()
class Reports {
  @configValue('/config/limits', Limits, { default: { maxItems: 10 } })
  declare readonly limits: z.infer<typeof Limits>;

  @locked('/locks/report')
  async make(lease?: Lease): Promise<{ items: number; token: number }> {
    lease!.signal.throwIfAborted();
    return { items: this.limits.maxItems, token: lease!.fencingToken };
  }
}

const [connectString = '127.0.0.1:2181', port = '8080'] = process.argv.slice(2);
const zookit = await registerZookit(container, { connectString, namespace: 'fastify', closeOn: [] });
const reports = container.resolve(Reports);
await zookit.ready();

const app = Fastify();
app.post('/reports', () => reports.make());
app.get('/limits', () => reports.limits);
// Requests under way are answered first, then what they need is closed.
app.addHook('onClose', () => zookit.close());
process.once('SIGTERM', () => void app.close()).once('SIGINT', () => void app.close());
console.log(`listening at ${await app.listen({ host: '127.0.0.1', port: Number(port) })}`);
