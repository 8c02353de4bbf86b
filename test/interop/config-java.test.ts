import { describe, test } from 'vitest';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { describeConfig } from '../recipes/config/config-suite.ts';

if (javaZooKeeper() === null) {
  describe('ConfigStore against Apache ZooKeeper', () => {
    test.skip('not installed: apt-get install zookeeper', () => {});
  });
} else {
  describeConfig('Apache ZooKeeper', () => JavaServer.start());
}
