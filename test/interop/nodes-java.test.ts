import { describe, test } from 'vitest';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { describeCache } from '../recipes/cache/cache-suite.ts';
import { describeMembership } from '../recipes/node/membership-suite.ts';
import { describePartitioner } from '../recipes/node/partitioner-suite.ts';
import { describePersistentNode } from '../recipes/node/persistent-node-suite.ts';

if (javaZooKeeper() === null) {
  describe('caches and kept nodes against Apache ZooKeeper', () => {
    test.skip('not installed: apt-get install zookeeper', () => {});
  });
} else {
  const start = () => JavaServer.start();
  for (const suite of [describeCache, describeMembership, describePartitioner, describePersistentNode]) {
    suite('Apache ZooKeeper', start);
  }
}
