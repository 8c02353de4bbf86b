import { afterAll, beforeAll, describe, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../client/index.ts';
import { TestServer } from '../../testing/index.ts';
import { JavaServer, javaZooKeeper } from './java.ts';

/** A server and a client of it, from the first test of a suite to the last. */
export interface ServerAndClient {
  readonly connectString: string;
  readonly client: ZooKeeperClient;
}

interface Running extends AsyncDisposable {
  readonly connectString: string;
}

/** Short ticks: sessions of those who are killed are waited for. */
const servers: readonly (readonly [name: string, start: () => Promise<Running>])[] = [
  ['zookit', () => TestServer.start()],
  ['Apache ZooKeeper', () => JavaServer.start({ tickTimeMs: 500, configLines: ['maxSessionTimeout=60000'] })],
];

/**
 * A suite with a stranger's program on one server with us: first on zookit, then, where it is installed, on Apache ZooKeeper. It
 * is skipped with `missing`, the reason why the program cannot run here.
 */
export function describeOnBoth(
  name: string,
  missing: string | null,
  suite: (on: ServerAndClient) => void,
): void {
  if (missing !== null) {
    test.skip(`${name}: ${missing}`, () => {});
    return;
  }
  for (const [where, start] of servers) {
    if (where !== 'zookit' && javaZooKeeper() === null) continue;
    describe(`${name} on ${where}`, () => {
      let server: Running | undefined;
      let client: ZooKeeperClient | undefined;
      beforeAll(async () => {
        server = await start();
        client = await connect(server.connectString);
      });
      afterAll(async () => {
        await client?.close();
        await server?.[Symbol.asyncDispose]();
      });
      suite({
        get connectString() {
          return server!.connectString;
        },
        get client() {
          return client!;
        },
      });
    });
  }
}
