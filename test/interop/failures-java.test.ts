import { describe, test } from 'vitest';
import { sessionPassword } from '../../wire/password.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { RawClient } from '../kit/raw-client.ts';
import { describeFailures, type World } from '../recipes/failures/suite.ts';

/** One server; it ends a session when somebody who knows its password closes it. */
async function apache(): Promise<World> {
  const server = await JavaServer.start({ properties: ['znode.container.checkIntervalMs=200'] });
  const address = `127.0.0.1:${server.port}`;
  return {
    victims: address,
    others: address,
    expire: async ({ client: { sessionId }, cable }) => {
      cable.cut();
      const password = sessionPassword(sessionId);
      const impostor = await RawClient.connect({ port: server.port, sessionId, password });
      await impostor.close();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

if (javaZooKeeper() === null) {
  describe('recipes on Apache ZooKeeper', () => {
    test.skip('not installed: apt-get install zookeeper', () => {});
  });
} else {
  describeFailures('Apache ZooKeeper', apache, ['connection', 'session', 'node', 'death']);
}
