import { expect, test } from 'vitest';
import { OPEN_ACL } from '../../wire/data.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { JavaServer, javaZooKeeper, SUPER_AUTH } from '../kit/java.ts';
import { RawClient } from '../kit/raw-client.ts';

test.skipIf(javaZooKeeper() === null)('the raw client talks to Apache ZooKeeper', async () => {
  await using server = await JavaServer.start();
  await using client = await RawClient.connect({ port: server.port });
  expect((await client.auth('digest', SUPER_AUTH)).err).toBe(ErrorCode.Ok);
  const made = await client.call(OpCode.create2, {
    path: '/a',
    data: Buffer.from('x'),
    acl: [...OPEN_ACL],
    flags: 0,
  });
  expect(made.stat.dataLength).toBe(1);
  await client.call(OpCode.getData, { path: '/a', watch: true });
  client.takeIncoming();
  await client.call(OpCode.setData, { path: '/a', data: null, version: -1 });
  expect(client.takeIncoming().map((item) => item.kind)).toEqual(['event', 'reply']);
  const who = await client.call(OpCode.whoAmI, null);
  expect(who.clientInfo?.map((info) => info.authScheme)).toContain('super');
  await client.close();
});
