import { expect, test } from 'vitest';
import { connect } from '../../../client/index.ts';
import { LeaderSelector } from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { describeSelector } from './selector-suite.ts';
import { ended, gate } from './waiting.ts';

describeSelector('zookit', () => TestServer.start());

test('a selector whose session expires while it leads stands again in the new session', async () => {
  await using server = await TestServer.start();
  await using client = await connect(server.connectString);
  const began = [gate(), gate()];
  const reasons: string[] = [];
  let calls = 0;
  await using _selector = await LeaderSelector.start(client, '/expired', {
    autoRequeue: true,
    takeLeadership: async (lease) => {
      began[calls++]?.open();
      reasons.push((await ended(lease)).reason);
    },
  });
  await began[0]!.opened;
  server.expireSession(client.sessionId);
  await began[1]!.opened;
  expect(['in-doubt', 'deleted', 'session-lost']).toContain(reasons[0]);
  expect(await client.children('/expired')).toHaveLength(1);
});
