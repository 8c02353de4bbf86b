import { setTimeout as sleep } from 'node:timers/promises';
import { UnansweredError, type ZooKeeperClient, ZooKeeperError } from '../../../client/index.ts';
import {
  DistributedQueue,
  type Handling,
  InterProcessMutex,
  InterProcessSemaphoreV2,
  LeaderLatch,
  LeaderSelector,
  type Lease,
  LeaseEndedError,
} from '../../../recipes/index.ts';
import type { Rng } from '../../kit/seed.ts';
import { type Lies, lyingLease } from './lies.ts';
import { machineMs, type Resource } from './report.ts';
import type { Testimony } from './testimony.ts';

/** What all jobs of a worker share. */
export interface Desk {
  readonly client: ZooKeeperClient;
  readonly testimony: Testimony;
  readonly rng: Rng;
  readonly lies: Lies;
  /** Ends the jobs. */
  readonly stop: AbortSignal;
  /** Ends the putting of items. */
  readonly stopPutting: AbortSignal;
  readonly permits: number;
  readonly lockDelayMs: number | undefined;
}

const WRITES_MAX = 8;
const WRITE_MS_MAX = 20;
const PUT_MS_MAX = 120;
const HANDLE_MS_MAX = 30;

/** Paths of what is contended for. */
export const paths = {
  mutex: '/nemesis/mutex',
  semaphore: '/nemesis/semaphore',
  latch: '/nemesis/latch',
  selector: '/nemesis/selector',
  queue: '/nemesis/queue',
} as const;

export async function mutexJob(desk: Desk): Promise<void> {
  const { client, lockDelayMs } = desk;
  const mutex = new InterProcessMutex(client, paths.mutex, { lockDelayMs });
  await again(desk, async (signal) => work(desk, 'mutex', await mutex.acquire({ signal })));
}

export async function semaphoreJob(desk: Desk): Promise<void> {
  const limit = desk.permits + (desk.lies.onePermitMore === true ? 1 : 0);
  const semaphore = new InterProcessSemaphoreV2(desk.client, paths.semaphore, limit);
  await again(desk, async (signal) => {
    if (desk.rng.chance(80)) return work(desk, 'semaphore', await semaphore.acquire({ signal }));
    const { leases } = await semaphore.acquireMany(2, { signal });
    await Promise.all(leases.map((lease) => work(desk, 'semaphore', lease)));
  });
}

export async function latchJob(desk: Desk): Promise<void> {
  const { client, rng } = desk;
  await again(desk, async (signal) => {
    const errorPolicy = rng.chance(50) ? 'session' : 'standard';
    await using latch = await LeaderLatch.start(client, paths.latch, { errorPolicy, signal });
    for await (const term of latch.terms({ signal })) await work(desk, 'latch', term);
  });
}

export async function selectorJob(desk: Desk): Promise<void> {
  const { client, rng } = desk;
  const takeLeadership = (lease: Lease): Promise<void> => work(desk, 'selector', lease, false);
  await again(desk, async (signal) => {
    const errorPolicy = rng.chance(50) ? 'session' : 'standard';
    const options = { errorPolicy, autoRequeue: true, signal, takeLeadership } as const;
    await using selector = await LeaderSelector.start(client, paths.selector, options);
    await new Promise<void>((resolve, reject) => {
      selector.onEnd((error) => (error === null ? resolve() : reject(error)));
      signal.addEventListener('abort', () => resolve());
    });
  });
}

/** Writes to what the lease protects for a while, whatever the lease says: the resource is to refuse those who do not look. */
async function work(desk: Desk, resource: Resource, real: Lease, release = true): Promise<void> {
  const { testimony, rng, lies } = desk;
  const lease = lyingLease(real, lies.leases?.[resource]);
  const { signal } = lease;
  const holding = testimony.name();
  for (let left = rng.between(1, WRITES_MAX); left > 0; left--) {
    // Once more after a refusal: by then the lease knows as well.
    if ((await testimony.claim(resource, holding, lease, signal)) === 'stale') left = Math.min(left, 2);
    await sleep(rng.below(WRITE_MS_MAX));
  }
  await testimony.claim(resource, holding, lease, signal);
  await testimony.letGo(holding);
  if (release) await real.release();
}

export async function putJob(desk: Desk): Promise<void> {
  const { client, testimony, rng, stopPutting } = desk;
  await using queue = new DistributedQueue<string>(client, paths.queue);
  while (!stopPutting.aborted) {
    const item = testimony.name();
    await testimony.tell({ type: 'putting', item });
    try {
      await queue.put(item);
      await testimony.tell({ type: 'put', item });
    } catch (error) {
      if (!(error instanceof UnansweredError)) throw error;
      if (error.outcome === 'not-applied') await testimony.tell({ type: 'not-put', item });
    }
    await sleep(rng.below(PUT_MS_MAX));
  }
}

export async function consumeJob(desk: Desk): Promise<void> {
  const { client, stop, lies } = desk;
  const lockPath = lies.deletesFirst === true ? null : undefined;
  await using queue = new DistributedQueue<string>(client, paths.queue, { lockPath });
  await queue.consume((item, handling) => handle(desk, item, handling), { signal: stop });
}

async function handle(desk: Desk, item: string, { path, fencingToken, signal }: Handling): Promise<void> {
  const { client, testimony, rng } = desk;
  const handling = testimony.name();
  const atMs = machineMs();
  const sureAtFirst = !signal.aborted;
  const session = client.sessionId.toString(16);
  const giveBack = async (): Promise<void> => {
    await testimony.tell({ type: 'handed-back', handling });
    throw signal.reason;
  };
  await testimony.tell({ type: 'handling', handling, item, path, token: fencingToken, session, atMs });
  if (!sureAtFirst) return giveBack();
  await sleep(rng.below(HANDLE_MS_MAX));
  await stillSure(testimony, handling, signal);
  const answer = await testimony.tell({ type: 'handled', handling });
  await stillSure(testimony, handling, signal);
  // Half of those who are in doubt when they are done leave it to the queue whether it counts.
  if (signal.aborted && (answer === 'stale' || rng.chance(50))) return giveBack();
}

async function stillSure(testimony: Testimony, handling: string, signal: AbortSignal): Promise<void> {
  const atMs = machineMs();
  if (!signal.aborted) await testimony.tell({ type: 'sure', handling, atMs });
}

/** Does it again and again, however connections and sessions fare, until the jobs are to end. */
async function again({ stop, rng }: Desk, once: (stop: AbortSignal) => Promise<void>): Promise<void> {
  while (!stop.aborted) {
    try {
      await once(stop);
    } catch (error) {
      if (error !== stop.reason && !isPassing(error)) throw error;
    }
    await sleep(rng.below(WRITE_MS_MAX));
  }
}

/** What servers and sessions that come and go are the reason of. */
function isPassing(error: unknown): boolean {
  if (error instanceof LeaseEndedError) return true;
  return error instanceof ZooKeeperError && ['SessionExpired', 'ConnectionLoss'].includes(error.code);
}
