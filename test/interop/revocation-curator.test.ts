import { expect, test } from 'vitest';
import { InterProcessMutex, type Lease, revoke } from '../../recipes/index.ts';
import { describeOnBoth } from '../kit/both-servers.ts';
import { startCurator } from '../kit/curator.ts';
import { javaProgramsMissing } from '../kit/java-programs.ts';

describeOnBoth('revocation with Java Curator', javaProgramsMissing(), (on) => {
  const start = (path: string) => startCurator('CuratorRevocation', on.connectString, { args: [path] });
  const untilInLine = async (mutex: InterProcessMutex, count: number) => {
    while ((await mutex.participants()).length !== count) await on.client.sync();
  };

  test("Java's Revoker is heard by our holder, who hands the lock to Java", async () => {
    const mutex = new InterProcessMutex(on.client, '/from-java', { data: 'ours' });
    await using java = await start(mutex.path);
    let hear: (lease: Lease) => void = () => {};
    const asked = new Promise<Lease>((done) => {
      hear = done;
    });
    const lease = await mutex.acquire({ onRevoke: (wanted) => hear(wanted) });
    await java.ask(`revoke ${lease.path}`);
    expect(await asked).toBe(lease);
    expect(lease.held).toBe(true);
    expect((await mutex.inspect()).holder).toMatchObject({ path: lease.path, revoked: true });
    const acquired = java.ask('acquire');
    await untilInLine(mutex, 2);
    await lease.release();
    await acquired;
    await java.ask('release');
  });

  test('our revoke is heard by a Java holder, who hands the lock to us', async () => {
    const mutex = new InterProcessMutex(on.client, '/to-java');
    await using java = await start(mutex.path);
    await java.ask('acquire');
    const [path] = await mutex.participants();
    const waiting = mutex.acquire();
    await untilInLine(mutex, 2);
    expect(java.child.output).not.toContain('wanted');
    expect(await revoke(on.client, path!)).toBe(true);
    await java.hear(/wanted/);
    await java.ask('release');
    await (await waiting).release();
    expect(await revoke(on.client, path!)).toBe(false);
  });

  test('a lock with a delay is an ordinary lock to Java', async () => {
    const mutex = new InterProcessMutex(on.client, '/delayed', { lockDelayMs: 86_400_000 });
    await using java = await start(mutex.path);
    for (let i = 0; i < 3; i++) {
      const lease = await mutex.acquire();
      const acquired = java.ask('acquire');
      await untilInLine(mutex, 2);
      const again = mutex.acquire();
      await untilInLine(mutex, 3);
      await lease.release();
      await acquired;
      await java.ask('release');
      await (await again).release();
    }
    expect(String((await on.client.get(mutex.path)).data)).toBe('');
  });
});
