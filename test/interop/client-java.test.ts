import { describe, test } from 'vitest';
import { describeClient } from '../client/operations.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';

if (javaZooKeeper() === null) {
  describe('client against Apache ZooKeeper', () => {
    test.skip('not installed: apt-get install zookeeper', () => {});
  });
} else {
  describeClient('Apache ZooKeeper', () => JavaServer.start());
}
