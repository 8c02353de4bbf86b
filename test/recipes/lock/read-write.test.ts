import { expect, test } from 'vitest';
import { connect } from '../../../client/index.ts';
import { InterProcessReadWriteLock } from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { describeReadWriteLock } from './read-write-suite.ts';

describeReadWriteLock('zookit', () => TestServer.start());

test('what is no path is refused at once', async () => {
  await using server = await TestServer.start();
  await using client = await connect(server.connectString);
  expect(() => new InterProcessReadWriteLock(client, 'relative')).toThrow(TypeError);
});
