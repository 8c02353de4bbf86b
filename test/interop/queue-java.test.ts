import { describe, test } from 'vitest';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { describeQueues } from '../recipes/queue/queue-suite.ts';
import { describeSimpleQueue } from '../recipes/queue/simple-suite.ts';

if (javaZooKeeper() === null) {
  describe('queues against Apache ZooKeeper', () => {
    test.skip('not installed: apt-get install zookeeper', () => {});
  });
} else {
  const start = () => JavaServer.start();
  describeQueues('Apache ZooKeeper', start);
  describeSimpleQueue('Apache ZooKeeper', start);
}
