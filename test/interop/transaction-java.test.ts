import { describe, test } from 'vitest';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { describeCommit } from '../recipes/transaction/commit-suite.ts';

if (javaZooKeeper() === null) {
  describe('TwoPhaseCommit and ThreePhaseCommit against Apache ZooKeeper', () => {
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
  describeCommit('Apache ZooKeeper', start);
}
