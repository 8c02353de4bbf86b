import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../client/index.ts';
import { DistributedBarrier, DistributedDoubleBarrier } from '../../recipes/index.ts';
import { TestServer } from '../../testing/index.ts';
import type { ServerUnderTest } from '../client/operations.ts';
import { CuratorProgram, curatorMissing } from '../kit/curator.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';

const missing = curatorMissing();
let program: CuratorProgram | null = null;

function describeBarriers(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`barriers shared with Java Curator on ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
    });
    afterAll(async () => {
      await client?.close();
      await server?.[Symbol.asyncDispose]();
    });

    const untilMembers = async (path: string, count: number): Promise<void> => {
      for (;;) {
        const names = await client.children(path).catch(() => []);
        if (names.filter((each) => each !== 'ready').length === count) return;
        await client.sync();
      }
    };

    test('a barrier that one sets and the other removes', async () => {
      await using java = await program!.start(server.connectString, '30000');
      const ours = new DistributedBarrier(client, '/barrier');
      await java.ask('set /barrier -');
      await expect(ours.wait({ timeoutMs: 0 })).rejects.toThrow('not open');
      const waiting = [ours.wait(), java.ask('wait /barrier -')];
      await client.sync();
      expect(java.child.output).not.toContain('through');
      await java.ask('remove /barrier -');
      expect(await Promise.all(waiting)).toEqual([undefined, 'through']);
      await ours.set();
      const theirs = java.ask('wait /barrier -');
      await client.sync();
      await ours.remove();
      expect(await theirs).toBe('through');
    });

    test('a double barrier with members of both, round after round', async () => {
      await using first = await program!.start(server.connectString, '30000');
      await using second = await program!.start(server.connectString, '30000');
      const ours = Array.from({ length: 2 }, () => new DistributedDoubleBarrier(client, '/double', 4));
      for (let round = 0; round < 4; round++) {
        // A different one comes last each time.
        const comers = [
          () => first.ask('enter /double 4'),
          () => ours[0]!.enter(),
          () => second.ask('enter /double 4'),
          () => ours[1]!.enter(),
        ];
        const goers = [
          () => first.ask('leave /double 4'),
          () => ours[0]!.leave(),
          () => second.ask('leave /double 4'),
          () => ours[1]!.leave(),
        ];
        for (const turns of [comers, goers]) {
          const order = [...turns.slice(round), ...turns.slice(0, round)];
          let through = 0;
          const early = order.slice(0, 3).map((go) => go().then(() => through++));
          if (turns === comers) await untilMembers('/double', 3);
          await client.sync();
          expect(through).toBe(0);
          await Promise.all([...early, order[3]!()]);
        }
        expect(first.child.output + second.child.output).not.toContain('failed');
        await untilMembers('/double', 0);
      }
    });

    test('a Java member that is killed inside has left', async () => {
      await using java = await program!.start(server.connectString, '2000');
      const ours = new DistributedDoubleBarrier(client, '/killed', 2);
      await Promise.all([ours.enter(), java.ask('enter /killed 2')]);
      const leaving = ours.leave({ timeoutMs: 60_000 });
      await java.child.stop('SIGKILL');
      await leaving;
    });
  });
}

if (missing !== null) {
  test.skip(`Java Curator: ${missing}`, () => {});
} else {
  beforeAll(async () => {
    program = await CuratorProgram.compile('CuratorBarriers');
  });
  afterAll(() => program?.[Symbol.asyncDispose]());
  describeBarriers('zookit', () => TestServer.start());
  if (javaZooKeeper() !== null) {
    describeBarriers('Apache ZooKeeper', async () => {
      const server = await JavaServer.start();
      return {
        connectString: `127.0.0.1:${server.port}`,
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    });
  }
}
