import { describe, test } from 'vitest';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { describeBarriers } from '../recipes/barrier/barrier-suite.ts';

if (javaZooKeeper() === null) {
  describe('barriers against Apache ZooKeeper', () => {
    test.skip('not installed: apt-get install zookeeper', () => {});
  });
} else {
  describeBarriers('Apache ZooKeeper', () => JavaServer.start());
}
