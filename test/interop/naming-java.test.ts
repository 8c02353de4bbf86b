import { describe, test } from 'vitest';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { describeNaming } from '../recipes/naming/naming-suite.ts';

if (javaZooKeeper() === null) {
  describe('naming against Apache ZooKeeper', () => {
    test.skip('not installed: apt-get install zookeeper', () => {});
  });
} else {
  describeNaming('Apache ZooKeeper', () => JavaServer.start());
}
