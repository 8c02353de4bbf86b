import { expect, test } from 'vitest';
import { text } from '../../../client/index.ts';
import { NameRegistry } from '../../../recipes/index.ts';
import { EventType } from '../../../wire/events.ts';
import { OpCode } from '../../../wire/opcodes.ts';
import { replyCodecs } from '../../../wire/replies.ts';
import { connected, statOf } from '../../client/scripted.ts';
import { notification, reply } from '../../kit/client-world.ts';

test('a watch on a name passes over what a server that lags behind has', async () => {
  const { client, world } = await connected();
  /** Answers what is asked until nothing more is, with the name as it was at a zxid. */
  const answer = async (mzxid: number): Promise<void> => {
    const stat = statOf({ czxid: 1, mzxid });
    for (let asked = world.link.take(); asked.length > 0; asked = world.link.take()) {
      const answers = asked.map(({ xid, type }) =>
        type === OpCode.exists
          ? reply(xid, mzxid, replyCodecs[OpCode.exists], { stat })
          : reply(xid, mzxid, replyCodecs[OpCode.getData], { data: Buffer.from(`at ${mzxid}`), stat }),
      );
      await world.link.send(...answers);
      await world.turn();
    }
  };
  const changed = notification(EventType.NodeDataChanged, '/r/a');
  const changes = new NameRegistry<string>(client, '/r', { codec: text }).watch('a');
  const seen: (string | null)[] = [];
  const reading = (async () => {
    for await (const value of changes) if (seen.push(value) === 2) return;
  })();
  await world.turn();
  await answer(9);
  for (const mzxid of [5, 9, 10]) {
    await world.link.send(changed);
    await world.turn();
    await answer(mzxid);
  }
  await reading;
  expect(seen).toEqual(['at 9', 'at 10']);
  expect(client.watchCounts()).toMatchObject({ data: { listeners: 0 }, exist: { listeners: 0 } });
});
