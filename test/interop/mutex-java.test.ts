import { describe, test } from 'vitest';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { describeMutex } from '../recipes/mutex-suite.ts';

if (javaZooKeeper() === null) {
  describe('InterProcessMutex against Apache ZooKeeper', () => {
    test.skip('not installed: apt-get install zookeeper', () => {});
  });
} else {
  describeMutex('Apache ZooKeeper', () => JavaServer.start());
}
