import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OPEN_ACL } from '../../wire/data.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { expectAgreement } from '../kit/agreement.ts';
import { describeMixed } from '../kit/describe-mixed.ts';
import { fourLetterWord } from '../kit/four-letter.ts';
import { create, createEverything, createMany, dieWithTail, exists } from '../kit/mixed-clients.ts';
import type { MixedEnsemble } from '../kit/mixed-ensemble.ts';
import type { RawClient } from '../kit/raw-client.ts';

const acl = [...OPEN_ACL];

describeMixed('servers that learn from an Apache ZooKeeper', (createEnsemble) => {
  describe('a follower and an observer', () => {
    let ensemble: MixedEnsemble;
    /** Of the leader. */
    let writer: RawClient;
    beforeAll(async () => {
      ensemble = await createEnsemble({
        members: [
          { id: 1, kind: 'java' },
          { id: 2, kind: 'java' },
          { id: 3, kind: 'ours' },
          { id: 4, kind: 'ours', isObserver: true },
        ],
        hasCables: true,
      });
      // The first two are a quorum, so that 2 leads; the others come to an established leader.
      await ensemble.start(1, 2);
      expect(await ensemble.leader()).toBe(2);
      writer = await ensemble.client(2);
      await createMany(writer, '/before-', 20);
      await createEverything(writer, '/every');
    });
    afterAll(() => ensemble?.[Symbol.asyncDispose]());

    test('get its snapshot when they have nothing', async () => {
      await ensemble.start(3, 4);
      for (const id of [3, 4]) expect(ensemble.cables.syncs(id).map(({ kind }) => kind)).toEqual(['SNAP']);
      expect([await ensemble.mode(3), await ensemble.mode(4)]).toEqual(['follower', 'observer']);
      await expectAgreement(ensemble);
    });

    test('get what they missed when it is little', async () => {
      await ensemble.stop(3);
      await ensemble.kill(4);
      await createMany(writer, '/missed-', 50);
      await createEverything(writer, '/missed');
      await ensemble.start(3, 4);
      for (const id of [3, 4]) {
        const { kind, proposals } = ensemble.cables.syncs(id).at(-1)!;
        expect(kind).toBe('DIFF');
        expect(proposals).toBeGreaterThanOrEqual(50);
      }
      await expectAgreement(ensemble);
    });

    test('get it from its log files when its memory holds no longer what they missed', async () => {
      await ensemble.kill(3);
      await ensemble.stop(4);
      await createMany(writer, '/many-', 700);
      await createEverything(writer, '/many');
      await ensemble.start(3, 4);
      for (const id of [3, 4]) {
        const { kind, proposals } = ensemble.cables.syncs(id).at(-1)!;
        expect(kind).toBe('DIFF');
        expect(proposals).toBeGreaterThanOrEqual(700);
      }
      await expectAgreement(ensemble);
    });

    test('answer four-letter words, and are counted by the leader', async () => {
      const words = 'ruok srvr stat mntr conf cons dump envi isro wchs wchc wchp dirs crst srst'.split(' ');
      for (const id of ensemble.running) {
        for (const word of words) {
          expect(await fourLetterWord(ensemble.port(id), word), `${word} of ${id}`).not.toBe('');
        }
        expect(await fourLetterWord(ensemble.port(id), 'isro')).toBe('rw');
        expect(await ensemble.monitored(id, 'quorum_size')).toBe('3');
      }
      expect(await ensemble.monitored(2, 'synced_followers')).toBe('2');
      expect(await ensemble.monitored(2, 'synced_observers')).toBe('1');
    });

    test.each([3, 4])('server %i forwards writes and answers in order', async (id) => {
      await using client = await ensemble.client(id);
      await createEverything(client, `/every-through-${id}`);
      const own = [{ perms: 31, id: { scheme: 'auth', id: '' } }];
      const path = `/forwarded-${id}`;
      const [made, , written, read] = await Promise.all([
        create(client, path, 0, 'first'),
        client.call(OpCode.create, { path: `${path}/mine`, data: null, acl: own, flags: 0 }),
        client.call(OpCode.setData, { path, data: Buffer.from('second'), version: 0 }),
        client.call(OpCode.getData, { path, watch: false }),
      ]);
      expect(made).toBe(path);
      expect([written.stat.version, Buffer.from(read.data!).toString()]).toEqual([1, 'second']);
      const refused = await client.ask(OpCode.setData, { path, data: null, version: 0 });
      expect(refused.err).toBe(ErrorCode.BadVersion);
      const results = await client.multi([
        { type: OpCode.create, body: { path: `${path}/seq-`, data: null, acl, flags: 2 } },
        { type: OpCode.check, body: { path, version: 1 } },
        { type: OpCode.setData, body: { path, data: Buffer.from('third'), version: 1 } },
      ]);
      expect(results.map(({ type }) => type)).toEqual([OpCode.create, OpCode.check, OpCode.setData]);
      // Who asked was sent along: nobody else may change what is this user's.
      await using stranger = await ensemble.client(2);
      const theirs = await stranger.ask(OpCode.setData, { path: `${path}/mine`, data: null, version: -1 });
      expect(theirs.err).toBe(ErrorCode.NoAuth);
      await client.call(OpCode.setData, { path: `${path}/mine`, data: null, version: -1 });
      await expectAgreement(ensemble);
      await client.close();
    });

    test.each([3, 4])('sessions of server %i live, move and end at the leader', async (id) => {
      const leaver = await ensemble.client(id);
      await create(leaver, `/closed-${id}`, 1);
      const mover = await ensemble.client(id);
      await create(mover, `/moved-${id}`, 1);
      const mute = await ensemble.client(id, 2000);
      await create(mute, `/expired-${id}`, 1);
      await using watcher = await ensemble.client(id);
      const watched = [`/closed-${id}`, `/moved-${id}`, `/expired-${id}`];
      for (const path of watched) await watcher.call(OpCode.exists, { path, watch: true });
      await leaver.close();
      // To Apache ZooKeeper and back again.
      await using atJava = await mover.resume({ port: ensemble.port(1) });
      expect(atJava.sessionId).toBe(mover.sessionId);
      await create(atJava, `/moved-${id}-twice`, 1);
      await using back = await atJava.resume({ port: ensemble.port(id) });
      expect(back.sessionId).toBe(mover.sessionId);
      const owned = await back.call(OpCode.exists, { path: `/moved-${id}-twice`, watch: false });
      expect(owned.stat.ephemeralOwner).toBe(mover.sessionId);
      // The mute one sends nothing more: the leader ends it, and its server hears of that.
      await mute.closed;
      const gone = await mute.resume({ port: ensemble.port(id) });
      expect(gone.sessionId).toBe(0n);
      const events = await watcher.events(2);
      expect(events.map(({ path }) => path).sort()).toEqual([`/closed-${id}`, `/expired-${id}`]);
      expect(await exists(watcher, `/moved-${id}`)).toBe(true);
      await back.close();
      await watcher.events(3);
      await expectAgreement(ensemble);
    });
  });

  test('an old leader cuts off what nobody else has heard of', async () => {
    await using ensemble = await createEnsemble({
      members: [
        { id: 1, kind: 'java' },
        { id: 2, kind: 'java' },
        { id: 3, kind: 'ours' },
      ],
      hasCables: true,
    });
    // A quorum in which 3 leads, as its id is the larger one.
    await ensemble.start(1, 3);
    await ensemble.start(2);
    await dieWithTail(ensemble, 3, 'first');
    await ensemble.start(3);
    expect(ensemble.cables.syncs(3).at(-1)!.kind).toBe('TRUNC');
    expect(await ensemble.mode(3)).toBe('follower');
    const tree = await expectAgreement(ensemble);
    expect([tree.has('/kept-first'), tree.has('/lost-first')]).toEqual([true, false]);

    // Once it has committed something itself, Apache ZooKeeper sends its tree instead, and what was there before must go.
    await ensemble.kill(await ensemble.leader());
    await ensemble.serving(...ensemble.running);
    expect(await ensemble.leader()).toBe(3);
    await ensemble.start(ensemble.members.map(({ id }) => id).find((id) => !ensemble.running.includes(id))!);
    await dieWithTail(ensemble, 3, 'second');
    await using client = await ensemble.client(1);
    await createMany(client, '/after-', 3);
    await ensemble.start(3);
    expect(ensemble.cables.syncs(3).at(-1)!.kind).toBe('SNAP');
    const trees = [await expectAgreement(ensemble)];
    await ensemble.kill(3);
    await ensemble.start(3);
    trees.push(await expectAgreement(ensemble));
    for (const after of trees) {
      const paths = ['/kept-second', '/after-2', '/lost-first', '/lost-second'];
      expect(paths.map((path) => after.has(path))).toEqual([true, true, false, false]);
    }
  });
});
