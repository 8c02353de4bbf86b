import { setTimeout as pause } from 'node:timers/promises';
import { connect, text, type ZooKeeperClient } from '../../client/index.ts';
import { DistributedAtomicLong, DistributedQueue, InterProcessMutex } from '../../recipes/index.ts';

/** What our recipes do in a time, as CuratorContest.java: workers are loops that share one client. */
const [connectString, recipe, workers, warmupMs, measuredMs] = process.argv.slice(2);
const client = await connect(connectString!, { sessionTimeoutMs: 30_000 });
let done = 0;

/** Does something over and over; what goes wrong ends the process. */
async function repeat(once: () => Promise<boolean>): Promise<void> {
  for (;;) if (await once()) done++;
}

function work(zk: ZooKeeperClient): () => Promise<boolean> {
  if (recipe === 'lock') {
    const mutex = new InterProcessMutex(zk, '/contest/lock');
    return async () => {
      await using _ = await mutex.acquire();
      return true;
    };
  }
  if (recipe !== 'counter') throw new Error(`no contest ${recipe}`);
  const counter = new DistributedAtomicLong(zk, '/contest/counter', { triesMax: 1000 });
  return async () => (await counter.increment()).succeeded;
}

/** One consumer, and one producer that keeps so many items ahead of it. */
function queue(zk: ZooKeeperClient, ahead: number): void {
  const items = new DistributedQueue(zk, '/contest/queue', { codec: text });
  const item = 'x'.repeat(100);
  const put = (): void => void items.put(item);
  void items.consume(() => {
    done++;
    put();
  });
  for (let i = 0; i < ahead; i++) put();
}

if (recipe === 'queue') queue(client, Number(workers));
else for (let i = 0; i < Number(workers); i++) void repeat(work(client));
await pause(Number(warmupMs));
const before = done;
const startMs = performance.now();
await pause(Number(measuredMs));
console.log(`did ${done - before} ${Math.round((performance.now() - startMs) * 1e6)}`);
process.exit();
