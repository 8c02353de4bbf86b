/**
 * Workers that elect a leader and drain a queue. The leader puts the jobs in, once; everybody works. Kill any of them with -9: another
 * one leads, and the job that was in hand is done again.
 *
 *     node dist/examples/workers.js 127.0.0.1:2181 20
 */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { connect, DistributedQueue, json, LeaderLatch, NodeExistsError } from 'zookit';

const Job = z.object({ number: z.number() });

const [connectString = '127.0.0.1:2181', jobs = '20'] = process.argv.slice(2);
const id = `worker ${process.pid}`;
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort()).once('SIGINT', () => stop.abort());
const { signal } = stop;

await using client = await connect(connectString, { sessionTimeoutMs: 4_000 });
await using queue = new DistributedQueue(client, '/examples/jobs', { codec: json(Job) });
await using latch = await LeaderLatch.start(client, '/examples/leader', { id });

const leading = (async () => {
  for await (const term of latch.terms({ signal })) {
    console.log(`${id} leads, with token ${term.fencingToken}`);
    for (let number = 1; number <= Number(jobs); number++) {
      term.signal.throwIfAborted();
      try {
        // What a leader before this one has put in is not put in again.
        await client.create(`/examples/put/${number}`, '', { parents: true });
      } catch (error) {
        if (error instanceof NodeExistsError) continue;
        throw error;
      }
      await queue.put({ number });
    }
  }
})();

console.log(`${id} is there`);
await queue.consume(
  async (job, { attempt }) => {
    await pause(50);
    console.log(`${id} did job ${job.number}${attempt > 1 ? `, at attempt ${attempt}` : ''}`);
  },
  { concurrency: 2, signal },
);
await leading;
console.log(`${id} stopped`);
