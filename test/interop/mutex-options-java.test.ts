import { describe, test } from 'vitest';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { describeHerdLock } from '../recipes/lock/herd-lock-suite.ts';
import { describeMutexOptions } from '../recipes/lock/mutex-options-suite.ts';

if (javaZooKeeper() === null) {
  describe('options of InterProcessMutex against Apache ZooKeeper', () => {
    test.skip('not installed: apt-get install zookeeper', () => {});
  });
} else {
  const start = () => JavaServer.start();
  describeMutexOptions('Apache ZooKeeper', start);
  describeHerdLock('Apache ZooKeeper', start);
}
