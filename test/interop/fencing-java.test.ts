import { describe, test } from 'vitest';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { describeFencedSet } from '../recipes/fencing/set-suite.ts';

if (javaZooKeeper() === null) {
  describe('fencedSet against Apache ZooKeeper', () => {
    test.skip('not installed: apt-get install zookeeper', () => {});
  });
} else {
  describeFencedSet('Apache ZooKeeper', () => JavaServer.start());
}
