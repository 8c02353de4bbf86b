import { describe, test } from 'vitest';
import { describeAround } from '../client/around-suite.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';

if (javaZooKeeper() === null) {
  describe('around the operations, against Apache ZooKeeper', () => {
    test.skip('not installed: apt-get install zookeeper', () => {});
  });
} else {
  describeAround('Apache ZooKeeper', () => JavaServer.start());
}
