import { describe, test } from 'vitest';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { describeDiscovery } from '../recipes/discovery/discovery-suite.ts';

if (javaZooKeeper() === null) {
  describe('ServiceDiscovery against Apache ZooKeeper', () => {
    test.skip('not installed: apt-get install zookeeper', () => {});
  });
} else {
  describeDiscovery('Apache ZooKeeper', () => JavaServer.start());
}
