import { expect } from 'vitest';
import type { ZooKeeperClient } from '../../../client/index.ts';
import {
  HerdLock,
  InterProcessMultiLock,
  InterProcessMutex,
  InterProcessReadWriteLock,
  InterProcessSemaphoreMutex,
  InterProcessSemaphoreV2,
  type Lease,
  MultiLease,
  WorkerId,
} from '../../../recipes/index.ts';
import { ended, settledOf } from '../lock/helpers.ts';
import { keepsNodes, pending, type Story } from './stage.ts';

type Acquire = (client: ZooKeeperClient, path: string) => Promise<Lease>;

/** What is deleted of a lease so that the next one comes in. */
function pathsOf(lease: Lease): string[] {
  return lease instanceof MultiLease ? lease.leases.map(({ path }) => path) : [lease.path];
}

/**
 * A lease that one can have at a time: it ends by itself, the next holder has a greater token, nobody has it before, and who lost it
 * can have it again. `rival` is how others ask for what the first excludes.
 */
function lease(recipe: string, acquire: Acquire, rival: Acquire = acquire): Story {
  return {
    recipe,
    begin: async ({ victim, other, path, fault }) => {
      const first = await acquire(victim.client, path);
      const next = pending(rival(other.client, path));
      const granted = async (): Promise<Lease> => {
        const second = await next;
        expect(second.fencingToken).toBeGreaterThan(first.fencingToken);
        expect(second.held).toBe(true);
        return second;
      };
      return {
        nodes: () => pathsOf(first),
        survives: async () => {
          const { reason } = await ended(first);
          if (keepsNodes(fault)) {
            expect(reason).toBe('in-doubt');
            // It does not come back to its holder, but it is nobody else's before it was released.
            expect(await settledOf(other.client, [next])).toBe(0);
            await first.release();
          } else {
            expect(['in-doubt', 'session-lost', 'deleted']).toContain(reason);
          }
          const second = await granted();
          await first.release();
          await other.client.sync();
          expect(second.held).toBe(true);
          await second.release();
          const third = await acquire(victim.client, path);
          expect(third.fencingToken).toBeGreaterThan(second.fencingToken);
          await third.release();
        },
        outlived: async () => {
          await (await granted()).release();
        },
      };
    },
  };
}

const multi: Acquire = (client, path) =>
  new InterProcessMultiLock([
    new InterProcessMutex(client, `${path}/first`),
    new InterProcessSemaphoreMutex(client, `${path}/second`),
  ]).acquire();

export const locks: readonly Story[] = [
  lease('InterProcessMutex', (client, path) => new InterProcessMutex(client, path).acquire()),
  lease('InterProcessSemaphoreMutex', (client, path) =>
    new InterProcessSemaphoreMutex(client, path).acquire(),
  ),
  lease('InterProcessReadWriteLock, who writes', (client, path) =>
    new InterProcessReadWriteLock(client, path).writeLock.acquire(),
  ),
  lease(
    'InterProcessReadWriteLock, who reads',
    (client, path) => new InterProcessReadWriteLock(client, path).readLock.acquire(),
    (client, path) => new InterProcessReadWriteLock(client, path).writeLock.acquire(),
  ),
  lease('InterProcessSemaphoreV2', (client, path) => new InterProcessSemaphoreV2(client, path, 1).acquire()),
  lease('InterProcessMultiLock', multi),
  lease('HerdLock', (client, path) => new HerdLock(client, path).acquire()),
  lease('WorkerId', (client, path) => WorkerId.lease(client, path, { max: 1 })),
];
