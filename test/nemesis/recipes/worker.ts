import { createInterface } from 'node:readline';
import { connect } from '../../../client/index.ts';
import { Rng } from '../../kit/seed.ts';
import { consumeJob, type Desk, latchJob, mutexJob, putJob, selectorJob, semaphoreJob } from './jobs.ts';
import type { Lies } from './lies.ts';
import { Testimony } from './testimony.ts';

/** What a worker is started with, as JSON. */
export interface WorkerOptions {
  readonly connectString: string;
  readonly sessionTimeoutMs: number;
  readonly witnessPort: number;
  readonly seed: number;
  readonly permits: number;
  readonly lockDelayMs: number | undefined;
  readonly lies: Lies;
}

/**
 * Uses every kind of recipe at once, in one session, until its standard input ends; then it ends by itself. It is told, a line each, to
 * put no more items (`quiet`; it says so when the last one is put), and to block its event loop for so many milliseconds (`block 1000`).
 */
async function main(options: WorkerOptions): Promise<void> {
  const { connectString, sessionTimeoutMs, witnessPort, seed, ...rest } = options;
  const testimony = await Testimony.begin(witnessPort);
  const client = await connect(connectString, { sessionTimeoutMs, connectTimeoutMs: 120_000 });
  let session = client.sessionId;
  client.on('state', (state) => {
    const over = session;
    if (state !== 'lost' && over === client.sessionId) return;
    session = client.sessionId;
    void testimony.tell({ type: 'session-over', session: over.toString(16) });
  });
  const stop = new AbortController();
  const stopPutting = new AbortController();
  const orders = createInterface({ input: process.stdin });
  orders.on('line', (order) => {
    const [what, number] = order.split(' ');
    if (what === 'quiet') stopPutting.abort();
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(number));
  });
  orders.on('close', () => {
    stopPutting.abort();
    stop.abort();
  });
  const rng = new Rng(seed);
  const put = async (desk: Desk): Promise<void> => {
    await putJob(desk);
    process.stdout.write('quiet\n');
  };
  const jobs = [mutexJob, semaphoreJob, latchJob, selectorJob, put, consumeJob].map((job) => {
    const desk: Desk = {
      ...rest,
      client,
      testimony,
      rng: rng.fork(),
      stop: stop.signal,
      stopPutting: stopPutting.signal,
    };
    return job(desk);
  });
  process.stdout.write('ready\n');
  await Promise.all(jobs);
  await client.close();
  testimony.end();
}

await main(JSON.parse(process.argv[2]!) as WorkerOptions);
