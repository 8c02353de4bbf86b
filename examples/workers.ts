/**
 * Workers that elect a leader and drain a queue. The leader puts the jobs in; everybody works. Kill any of them with -9: another
 * one leads, and the job that was in hand is done again.
 *
 *     node dist/examples/workers.js 127.0.0.1:2181 20
 */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { connect, DistributedQueue, json, LeaderLatch } from 'zookit';

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
      // What a leader before this one has noted is not put in again; what it could not note any more is, as in any queue.
      if ((await client.exists(`/examples/put/${number}`)) !== null) continue;
      await queue.put({ number });
      await client.create(`/examples/put/${number}`, '', { parents: true, idempotent: true });
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
