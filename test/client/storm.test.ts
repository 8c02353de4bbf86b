import { expect, test } from 'vitest';
import { ConnectionLossError, connect, type UnansweredError } from '../../client/index.ts';
import { TestServer } from '../../testing/index.ts';
import { Cuttable } from '../kit/cuttable.ts';
import { withSeed } from '../kit/seed.ts';

const FILE = 'test/client/storm.test.ts';

/** Lets so many turns of the event loop pass: moments at which a connection can be cut, in the order of what happens. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('whenever connections break: what succeeded is there once, what is unknown at most once, what failed not at all', async () => {
  await withSeed(FILE, async (rng) => {
    await using server = await TestServer.start();
    await using witness = await connect(server.connectString);
    const cable = new Cuttable();
    await using client = await connect(server.connectString, {
      ports: cable.ports,
      backoff: { baseMs: 1, maxMs: 4 },
    });
    await Promise.all([witness.create('/protected'), witness.create('/counter'), witness.create('/plain')]);
    const sessionId = client.sessionId;
    const made: string[] = [];
    let [applied, unknown, watched, events] = [0, 0, 0, 0];
    const names: { readonly name: string; readonly outcome: 'applied' | 'unknown' | 'not-applied' }[] = [];

    const write = async (work: Promise<unknown>): Promise<'applied' | 'unknown' | 'not-applied'> => {
      try {
        await work;
        return 'applied';
      } catch (error) {
        expect(error).toBeInstanceOf(ConnectionLossError);
        return (error as UnansweredError).outcome;
      }
    };
    for (let round = 0; round < 150; round++) {
      const work = [
        client
          .create('/protected/n-', '', { mode: 'ephemeral-sequential', protected: true })
          .then(({ path }) => made.push(path)),
        write(client.set('/counter', String(round))).then((outcome) => {
          if (outcome === 'applied') applied++;
          if (outcome === 'unknown') unknown++;
        }),
        write(client.create(`/plain/${round}`)).then((outcome) =>
          names.push({ name: String(round), outcome }),
        ),
        client.exists(`/plain/w${round}`, { watch: () => events++ }).then(() => watched++),
        client.get('/counter'),
        client.children('/plain'),
      ];
      await turns(rng.below(6));
      cable.drop();
      await Promise.all(work);
      await witness.create(`/plain/w${round}`);
    }
    await client.sync();
    expect(client.sessionId).toBe(sessionId);
    expect((await witness.children('/protected')).map((name) => `/protected/${name}`).sort()).toEqual(
      made.sort(),
    );
    const { version } = (await witness.exists('/counter'))!;
    expect(version).toBeGreaterThanOrEqual(applied);
    expect(version).toBeLessThanOrEqual(applied + unknown);
    const plain = new Set(await witness.children('/plain'));
    for (const { name, outcome } of names) {
      if (outcome !== 'unknown') expect([name, plain.has(name)]).toEqual([name, outcome === 'applied']);
    }
    expect([watched, events]).toEqual([150, 150]);
    expect(client.watchCounts().exist.listeners).toBe(0);
    expect(applied).toBeGreaterThan(0);
  });
});
