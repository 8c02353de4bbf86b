import { describe, test } from 'vitest';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { describeNaming } from '../recipes/naming/naming-suite.ts';

if (javaZooKeeper() === null) {
  describe('naming against Apache ZooKeeper', () => {
    test.skip('not installed: apt-get install zookeeper', () => {});
  });
} else {
  describeNaming('Apache ZooKeeper', async () => {
    const server = await JavaServer.start();
    return {
      connectString: `127.0.0.1:${server.port}`,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  });
}
