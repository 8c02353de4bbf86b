import { expect } from 'vitest';
import { OPEN_ACL } from '../../wire/data.ts';
import { OpCode } from '../../wire/opcodes.ts';
import type { SimulatedCluster } from '../sim/cluster.ts';
import { bodyOf, type FakeClient } from './fake-client.ts';

/** The body of a create request; the data is the path. */
export const createBody = (path: string, flags = 0) => ({
  path,
  data: Buffer.from(path),
  acl: [...OPEN_ACL],
  flags,
});

/** Creates nodes through a client, and waits until all of them are acknowledged. */
export function createThrough(cluster: SimulatedCluster, client: FakeClient, ...paths: string[]): void {
  for (const path of paths) client.send(OpCode.create, createBody(path));
  cluster.until(`${paths} created`, () => client.awaited === 0 || client.isClosed);
  expect(client.takeReplies().map(({ err }) => err)).toEqual(paths.map(() => 0));
}

/** What a client reads at a path: its data, or null where there is no node. */
export function readThrough(cluster: SimulatedCluster, client: FakeClient, path: string): string | null {
  client.send(OpCode.getData, { path, watch: false });
  cluster.until('read', () => client.awaited === 0 || client.isClosed);
  const reply = client.takeReplies().at(-1)!;
  return reply.err === 0 ? String(bodyOf(OpCode.getData, reply).data) : null;
}

/** Waits until all servers serve, and have the same tree. */
export function untilEqual(cluster: SimulatedCluster): void {
  cluster.until('all serving', () => cluster.areAllServing);
  cluster.until('equal', () =>
    cluster.members.every(({ tree }) => tree.digest.equals(cluster.leader!.tree.digest)),
  );
}
