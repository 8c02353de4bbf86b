import { describe, test } from 'vitest';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { describeAtomic } from '../recipes/counter/atomic-suite.ts';
import { describeShared } from '../recipes/counter/shared-suite.ts';

if (javaZooKeeper() === null) {
  describe('counters against Apache ZooKeeper', () => {
    test.skip('not installed: apt-get install zookeeper', () => {});
  });
} else {
  const start = () => JavaServer.start();
  describeShared('Apache ZooKeeper', start);
  describeAtomic('Apache ZooKeeper', start);
}
