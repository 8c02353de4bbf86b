import { describe, test } from 'vitest';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { describeCommit } from '../recipes/transaction/commit-suite.ts';

if (javaZooKeeper() === null) {
  describe('TwoPhaseCommit and ThreePhaseCommit against Apache ZooKeeper', () => {
    test.skip('not installed: apt-get install zookeeper', () => {});
  });
} else {
  const start = () => JavaServer.start();
  describeCommit('Apache ZooKeeper', start);
}
