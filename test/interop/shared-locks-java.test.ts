import { describe, test } from 'vitest';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { describeRateLimiter } from '../recipes/limit/rate-limiter-suite.ts';
import { describeReadWriteLock } from '../recipes/lock/read-write-suite.ts';
import { describeSemaphore } from '../recipes/lock/semaphore-suite.ts';

if (javaZooKeeper() === null) {
  describe('read-write locks, semaphores and rate limiters against Apache ZooKeeper', () => {
    test.skip('not installed: apt-get install zookeeper', () => {});
  });
} else {
  const start = () => JavaServer.start();
  describeReadWriteLock('Apache ZooKeeper', start);
  describeSemaphore('Apache ZooKeeper', start);
  describeRateLimiter('Apache ZooKeeper', start);
}
