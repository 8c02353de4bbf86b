import { describe, test } from 'vitest';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { describeLatch } from '../recipes/leader/latch-suite.ts';
import { describeSelector } from '../recipes/leader/selector-suite.ts';
import { describeTask } from '../recipes/leader/task-suite.ts';

if (javaZooKeeper() === null) {
  describe('Elections against Apache ZooKeeper', () => {
    test.skip('not installed: apt-get install zookeeper', () => {});
  });
} else {
  const start = () => JavaServer.start();
  describeLatch('Apache ZooKeeper', start);
  describeSelector('Apache ZooKeeper', start);
  describeTask('Apache ZooKeeper', start);
}
