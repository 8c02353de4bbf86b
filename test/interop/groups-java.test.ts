import { expect, test } from 'vitest';
import { OPEN_ACL } from '../../wire/data.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { describeMixed } from '../kit/describe-mixed.ts';
import type { Kind, MixedEnsemble } from '../kit/mixed-ensemble.ts';

/** Creates a node through each of these members, and reads all of them through each. */
async function expectShared(ensemble: MixedEnsemble, name: string, ids: readonly number[]): Promise<void> {
  const clients = await Promise.all(ids.map((id) => ensemble.client(id)));
  try {
    for (const [i, client] of clients.entries()) {
      const path = `/${name}-${ids[i]}`;
      await client.call(OpCode.create, { path, data: Buffer.from(path), acl: [...OPEN_ACL], flags: 0 });
    }
    for (const client of clients) {
      await client.call(OpCode.sync, { path: '/' });
      const { children } = await client.call(OpCode.getChildren, { path: '/', watch: false });
      for (const id of ids) expect(children).toContain(`${name}-${id}`);
    }
  } finally {
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  }
}

describeMixed('hierarchical quorums with Apache ZooKeeper', (createEnsemble) => {
  const ensembleOf = (kinds: readonly Kind[], ...configLines: string[]): Promise<MixedEnsemble> =>
    createEnsemble({
      members: kinds.map((kind, i) => ({ id: i + 1, kind })),
      configLines,
    });

  test.each<[string, Kind[]]>([
    ['ours leads', ['java', 'ours', 'java']],
    ['a Java server leads', ['ours', 'java', 'ours']],
  ])(
    '%s where the server with the largest id has no weight',
    async (_, kinds) => {
      await using ensemble = await ensembleOf(
        kinds,
        'group.1=1:2:3',
        'weight.1=1',
        'weight.2=1',
        'weight.3=0',
      );
      await ensemble.start(1, 2, 3);
      expect(await Promise.all([1, 2, 3].map((id) => ensemble.mode(id)))).toEqual([
        'follower',
        'leader',
        'follower',
      ]);
      await expectShared(ensemble, 'first', [1, 2, 3]);
      // The two that count go on without the third, and it comes back.
      await ensemble.kill(3);
      await expectShared(ensemble, 'second', [1, 2]);
      await ensemble.start(3);
      await expectShared(ensemble, 'third', [1, 2, 3]);
    },
    180_000,
  );

  test('two servers, one of each kind, are a quorum of five in three groups', async () => {
    const kinds: Kind[] = ['java', 'ours', 'java', 'java', 'java'];
    await using ensemble = await ensembleOf(kinds, 'group.1=1', 'group.2=2', 'group.3=3:4:5');
    await ensemble.start(1, 2);
    await expectShared(ensemble, 'first', [1, 2]);
    // Most of the third group take the place of the leader's.
    const leader = await ensemble.leader();
    const other = leader === 1 ? 2 : 1;
    await ensemble.kill(leader);
    ensemble.spawn(4, 'ours');
    ensemble.spawn(5, 'ours');
    // The other one last: these serve only once it has left its old role.
    await ensemble.serving(4, 5, other);
    await expectShared(ensemble, 'second', [other, 4, 5]);
  }, 180_000);
});
