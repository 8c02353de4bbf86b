import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OpCode } from '../../wire/opcodes.ts';
import { expectAgreement } from '../kit/agreement.ts';
import { describeMixed } from '../kit/describe-mixed.ts';
import { create, createEverything, createMany, dieWithTail, hasLogged } from '../kit/mixed-clients.ts';
import type { MixedEnsemble } from '../kit/mixed-ensemble.ts';
import { eventually } from '../kit/processes.ts';
import type { RawClient } from '../kit/raw-client.ts';

describeMixed('a server that leads Apache ZooKeepers', (createEnsemble) => {
  describe('a follower and an observer', () => {
    let ensemble: MixedEnsemble;
    let writer: RawClient;
    beforeAll(async () => {
      ensemble = await createEnsemble({
        members: [
          { id: 1, kind: 'ours' },
          { id: 2, kind: 'java' },
          { id: 3, kind: 'ours' },
          { id: 4, kind: 'java', isObserver: true },
        ],
        hasCables: true,
        // A thousand times the snapshot of an empty tree, half a megabyte: log files up to that length are sent.
        configLines: ['snapshotSizeFactor=1000'],
      });
      await ensemble.start(1, 3);
      expect(await ensemble.leader()).toBe(3);
      writer = await ensemble.client(3);
      await createMany(writer, '/before-', 20);
      await createEverything(writer, '/every');
    });
    afterAll(() => ensemble?.[Symbol.asyncDispose]());

    test('are sent the tree when they have nothing', async () => {
      await ensemble.start(2, 4);
      for (const id of [2, 4]) expect(ensemble.cables.syncs(id).map(({ kind }) => kind)).toEqual(['SNAP']);
      expect([await ensemble.mode(2), await ensemble.mode(4)]).toEqual(['follower', 'observer']);
      await expectAgreement(ensemble);
    });

    test.each([
      ['from memory', 50],
      ['from the log files when it is more than memory holds', 700],
    ])('are sent what they missed %s', async (_, count) => {
      await ensemble.stop(2);
      await ensemble.kill(4);
      await createMany(writer, `/missed-${count}-`, count);
      await createEverything(writer, `/missed-${count}`);
      await ensemble.start(2, 4);
      for (const id of [2, 4]) {
        const { kind, proposals } = ensemble.cables.syncs(id).at(-1)!;
        expect(kind).toBe('DIFF');
        expect(proposals).toBeGreaterThanOrEqual(count);
      }
      await expectAgreement(ensemble);
    });

    test('are sent the tree in place of their own when they missed too much', async () => {
      await ensemble.kill(2);
      await ensemble.stop(4);
      await createMany(writer, '/large-', 700, 'x'.repeat(1000));
      await ensemble.start(2, 4);
      for (const id of [2, 4]) expect(ensemble.cables.syncs(id).at(-1)!.kind).toBe('SNAP');
      await expectAgreement(ensemble);
    });

    test('get writes done, and count in the quorum if they vote', async () => {
      await ensemble.kill(1);
      for (const id of [2, 4]) {
        await using client = await ensemble.client(id);
        await create(client, `/through-${id}`);
        await createEverything(client, `/every-through-${id}`);
        const { data } = await client.call(OpCode.getData, { path: `/through-${id}`, watch: false });
        expect(Buffer.from(data!).toString()).toBe('x');
        await client.call(OpCode.sync, { path: '/' });
        await client.close();
      }
      await ensemble.start(1);
      await expectAgreement(ensemble);
    });

    test.each([2, 4])('sessions of server %i live, move and end here', async (id) => {
      const mover = await ensemble.client(id);
      await create(mover, `/moved-${id}`, 1);
      const mute = await ensemble.client(id, 2000);
      await create(mute, `/expired-${id}`, 1);
      await using watcher = await ensemble.client(id);
      for (const path of [`/moved-${id}`, `/expired-${id}`]) {
        await watcher.call(OpCode.exists, { path, watch: true });
      }
      await using here = await mover.resume({ port: ensemble.port(3) });
      expect(here.sessionId).toBe(mover.sessionId);
      await using back = await here.resume({ port: ensemble.port(id) });
      expect(back.sessionId).toBe(mover.sessionId);
      // The mute one is heard of no more until the leader ends it. Its server hangs up by itself, even before.
      expect((await watcher.events(1)).map(({ path }) => path)).toEqual([`/expired-${id}`]);
      await mute.closed;
      const gone = await mute.resume({ port: ensemble.port(1) });
      expect(gone.sessionId).toBe(0n);
      await back.close();
      expect((await watcher.events(2)).map(({ path }) => path)).toEqual([`/expired-${id}`, `/moved-${id}`]);
      await expectAgreement(ensemble);
    });
  });

  /** Two of ours, and the third that is to come back with more than they have. */
  async function twoAndJava(): Promise<MixedEnsemble> {
    const ensemble = await createEnsemble({
      members: [
        { id: 1, kind: 'ours' },
        { id: 2, kind: 'ours' },
        { id: 3, kind: 'java' },
      ],
      hasCables: true,
    });
    await ensemble.start(1, 3);
    await ensemble.start(2);
    return ensemble;
  }

  test('has an old leader forget what nobody else has heard of', async () => {
    await using ensemble = await twoAndJava();
    await dieWithTail(ensemble, 3, 'first');
    await ensemble.start(3);
    expect(ensemble.cables.syncs(3).at(-1)!.kind).toBe('SNAP');
    await expectAgreement(ensemble);

    // Back to Apache ZooKeeper, and once more; now with something new behind what is forgotten.
    await ensemble.kill(await ensemble.leader());
    await ensemble.serving(...ensemble.running);
    expect(await ensemble.leader()).toBe(3);
    await ensemble.start([1, 2].find((id) => !ensemble.running.includes(id))!);
    await dieWithTail(ensemble, 3, 'second');
    await using client = await ensemble.client(1);
    await createMany(client, '/after-', 3);
    await ensemble.start(3);
    const trees = [await expectAgreement(ensemble)];
    await ensemble.kill(3);
    await ensemble.start(3);
    trees.push(await expectAgreement(ensemble));
    for (const after of trees) {
      const paths = ['/kept-second', '/after-2', '/lost-first', '/lost-second'];
      expect(paths.map((path) => after.has(path))).toEqual([true, true, false, false]);
    }
  });

  test('has it forget that also where it is in a snapshot', async () => {
    await using ensemble = await twoAndJava();
    const client = await ensemble.client(3, 60_000);
    await create(client, '/kept');
    await eventually('all have it', () => [1, 2].every((id) => hasLogged(ensemble, id, '/kept')));
    ensemble.cables.silence(3);
    const lost = create(client, '/lost').catch(() => 'not answered');
    await eventually('the leader has logged it', () => hasLogged(ensemble, 3, '/lost'));
    for (const id of [1, 2, 3]) await ensemble.kill(id);
    expect(await lost).toBe('not answered');
    // Elected again, and heard by nobody: Apache ZooKeeper takes a snapshot before anybody follows, and would go on from it.
    ensemble.spawn(3);
    ensemble.spawn(1);
    const snapshots = () =>
      readdirSync(join(ensemble.dataDir(3), 'version-2')).filter((name) => name.startsWith('snapshot.'));
    await eventually('it takes a snapshot', () => snapshots().length > 1, 60_000);
    await ensemble.kill(3);
    ensemble.cables.cutOff(3);
    ensemble.spawn(2);
    await ensemble.serving(1, 2);
    await ensemble.start(3);
    const trees = [await expectAgreement(ensemble)];
    await ensemble.kill(3);
    await ensemble.start(3);
    trees.push(await expectAgreement(ensemble));
    for (const after of trees) expect([after.has('/kept'), after.has('/lost')]).toEqual([true, false]);
  });

  test('is followed although its configuration was numbered under another leader', async () => {
    await using ensemble = await createEnsemble({
      members: [
        { id: 1, kind: 'java' },
        { id: 2, kind: 'ours' },
        { id: 3, kind: 'java' },
      ],
      configLines: ['reconfigEnabled=true'],
    });
    await ensemble.start(1, 3);
    expect(await ensemble.leader()).toBe(3);
    await ensemble.start(2);
    await using client = await ensemble.client(2);
    await createMany(client, '/one-', 10);
    await ensemble.kill(3);
    // Only the two are left: one follows the other, whichever leads.
    await ensemble.serving(1, 2);
    if ((await ensemble.leader()) === 1) {
      await ensemble.kill(1);
      await ensemble.start(3);
      await ensemble.serving(2);
    }
    // A server that begins anew knows nothing of that number until others tell it.
    await ensemble.kill(2);
    await ensemble.start(2);
    await ensemble.start(...[1, 3].filter((id) => !ensemble.running.includes(id)));
    await expectAgreement(ensemble);
  });
});
