import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BadVersionError, connect, NoNodeError, type ZooKeeperClient } from '../../../client/index.ts';
import { LeaseEndedError } from '../../../recipes/index.ts';
import { RecordNode, type RunRecord } from '../../../recipes/leader/run-record.ts';
import { writeOnce } from '../../../recipes/transaction/nodes.ts';
import { TestServer } from '../../../testing/index.ts';

describe('what the server refuses, whatever a process believes', () => {
  let server: TestServer;
  let client: ZooKeeperClient;
  beforeAll(async () => {
    server = await TestServer.start();
    client = await connect(server.connectString);
    await client.create('/t');
    for (const name of ['a', 'b']) await client.create(`/t/vote-${name}`, '{"vote":"yes"}');
    await client.create('/lease', '', { mode: 'ephemeral' });
  });
  afterAll(async () => {
    await client.close();
    await server.close();
  });
  const once = (path: string, given: readonly string[], lease?: string) =>
    writeOnce(client, { path, data: 'first', acl: undefined, given, lease });

  test('a decision without every vote', async () => {
    await expect(once('/t/decision', ['/t/vote-a', '/t/vote-c'])).rejects.toThrow(NoNodeError);
    expect(await client.exists('/t/decision')).toBeNull();
  });

  test('a decision on a vote that was written over', async () => {
    await client.create('/t/vote-d', '{"vote":"yes"}');
    await client.set('/t/vote-d', '{"vote":"no"}');
    await expect(once('/t/decision', ['/t/vote-a', '/t/vote-d'])).rejects.toThrow(BadVersionError);
    expect(await client.exists('/t/decision')).toBeNull();
  });

  test('a second decision', async () => {
    await once('/t/decided', ['/t/vote-a', '/t/vote-b']);
    await writeOnce(client, { path: '/t/decided', data: 'second', acl: undefined });
    expect((await client.get('/t/decided')).data?.toString()).toBe('first');
  });

  test('a vote of a process that does not hold the part', async () => {
    await once('/t/vote-e', [], '/lease');
    await expect(once('/t/vote-f', [], '/no-lease')).rejects.toThrow(LeaseEndedError);
    expect(await client.exists('/t/vote-f')).toBeNull();
  });

  test('a record of a leader whose node is gone, or that has not seen the last one', async () => {
    const node = new RecordNode(client, '/record');
    const record: RunRecord = {
      dueMs: 1,
      state: 'begun',
      run: 'r',
      attempt: 1,
      by: '',
      atMs: 1,
      fencingToken: 1,
    };
    const gone = { path: '/no-lease' };
    const leads = { path: '/lease' };
    expect(await node.write(gone, record, null)).toBeNull();
    expect(await node.read()).toBeNull();
    expect(await node.write(leads, record, null)).toEqual({ record, version: 0 });
    expect(await node.write(leads, record, null)).toBeNull();
    expect(await node.write(gone, record, 0)).toBeNull();
    expect(await node.write(leads, record, 1)).toBeNull();
    expect(await node.write(leads, { ...record, state: 'ended' }, 0)).toMatchObject({ version: 1 });
    expect(await node.read()).toEqual({ record: { ...record, state: 'ended' }, version: 1 });
  });
});
