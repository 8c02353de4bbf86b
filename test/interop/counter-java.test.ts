import { describe, test } from 'vitest';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { describeAtomic } from '../recipes/counter/atomic-suite.ts';
import { describeShared } from '../recipes/counter/shared-suite.ts';

if (javaZooKeeper() === null) {
  describe('counters against Apache ZooKeeper', () => {
    test.skip('not installed: apt-get install zookeeper', () => {});
  });
} else {
  const start = async () => {
    const server = await JavaServer.start();
    return {
      connectString: `127.0.0.1:${server.port}`,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  };
  describeShared('Apache ZooKeeper', start);
  describeAtomic('Apache ZooKeeper', start);
}
