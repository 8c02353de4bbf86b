import { expect, test } from 'vitest';
import { connect } from '../../../client/index.ts';
import { RateLimiter } from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { Cuttable } from '../../kit/cuttable.ts';
import { untilChildren } from '../lock/helpers.ts';
import { describeRateLimiter } from './rate-limiter-suite.ts';

describeRateLimiter('zookit', () => TestServer.start());

test('the permits of one who is gone come back when its session expires', async () => {
  await using server = await TestServer.start({ tickTimeMs: 100 });
  await using client = await connect(server.connectString);
  await using dead = await connect(server.connectString, { sessionTimeoutMs: 1_000 });
  const options = { permits: 1, intervalMs: 3_600_000 };
  await new RateLimiter(dead, '/dead', options).acquire();
  const limiter = new RateLimiter(client, '/dead', options);
  const waiting = limiter.acquire();
  await untilChildren(client, '/dead/leases', 2);
  server.expireSession(dead.sessionId);
  await waiting;
  expect((await client.children('/dead/leases')).length).toBe(1);
});

test('a permit outlives a lost connection, and is given back after it', async () => {
  await using server = await TestServer.start();
  await using client = await connect(server.connectString);
  const cable = new Cuttable();
  await using shaky = await connect(server.connectString, { ports: cable.ports });
  const limiter = new RateLimiter(shaky, '/shaky', { permits: 1, intervalMs: 50 });
  await limiter.acquire();
  cable.cut();
  const next = new RateLimiter(client, '/shaky', { permits: 1, intervalMs: 50 });
  // Nobody can give it back now, and the session lives on.
  await expect(next.acquire({ timeoutMs: 200 })).rejects.toMatchObject({ code: 'AcquireTimeout' });
  cable.mend();
  await next.acquire();
  await Promise.all([limiter.close(), next.close()]);
  await untilChildren(client, '/shaky/leases', 0);
});
