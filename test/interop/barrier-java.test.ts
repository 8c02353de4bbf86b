import { describe, test } from 'vitest';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { describeBarriers } from '../recipes/barrier/barrier-suite.ts';

if (javaZooKeeper() === null) {
  describe('barriers against Apache ZooKeeper', () => {
    test.skip('not installed: apt-get install zookeeper', () => {});
  });
} else {
  describeBarriers('Apache ZooKeeper', async () => {
    const server = await JavaServer.start();
    return {
      connectString: `127.0.0.1:${server.port}`,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  });
}
