import { describe, test } from 'vitest';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { describeQueues } from '../recipes/queue/queue-suite.ts';
import { describeSimpleQueue } from '../recipes/queue/simple-suite.ts';

if (javaZooKeeper() === null) {
  describe('queues against Apache ZooKeeper', () => {
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
  describeQueues('Apache ZooKeeper', start);
  describeSimpleQueue('Apache ZooKeeper', start);
}
