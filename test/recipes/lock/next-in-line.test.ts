import { describe, expect, test } from 'vitest';
import { InterProcessMutex, type Lease } from '../../../recipes/index.ts';
import { OpCode } from '../../../wire/opcodes.ts';
import { connected, type Scripted, SESSION } from '../../client/scripted.ts';
import { errorReply, notification } from '../../kit/client-world.ts';
import { asked, created } from './scripted-hold.ts';

const HOLDER = '_c_00000000-0000-4000-8000-000000000099-lock-0000000000';
const DELETED = 2;

/** A contender for `/l` that has one before it and has asked to watch that one, and 50 ms later its own node. */
async function second(
  before: string[] = [HOLDER],
): Promise<{ scripted: Scripted; acquiring: Promise<Lease>; node: string }> {
  const scripted = await connected();
  const acquiring = new InterProcessMutex(scripted.client, '/l').acquire();
  await scripted.world.turn();
  const node = await created(scripted);
  await scripted.world.link.send(...asked(scripted, [...before, node]));
  await scripted.world.advance(50);
  return { scripted, acquiring, node };
}

const fresh = ({ world }: Scripted): number[] => world.link.take().map(({ type }) => type);

describe('who is next in line', () => {
  test('holds the lock when the holder is told to be gone, without asking again', async () => {
    const { scripted, acquiring } = await second();
    const { world } = scripted;
    await world.link.send(...asked(scripted, []));
    await world.link.send(notification(DELETED, `/l/${HOLDER}`));
    expect((await acquiring).held).toBe(true);
    expect(fresh(scripted)).toEqual([]);
  });

  test('asks again if the holder went before its own node was watched', async () => {
    const { scripted } = await second();
    const { world } = scripted;
    const [holder] = asked(scripted, []);
    await world.link.send(holder!, notification(DELETED, `/l/${HOLDER}`));
    expect(fresh(scripted)).toEqual([OpCode.getChildren]);
  });

  test('asks again if its own node was told to be gone first', async () => {
    const { scripted, node } = await second();
    const { world } = scripted;
    await world.link.send(...asked(scripted, []));
    await world.link.send(notification(DELETED, `/l/${node}`), notification(DELETED, `/l/${HOLDER}`));
    await world.turn();
    expect(fresh(scripted)).toContain(OpCode.getChildren);
  });

  test('asks again if it cannot see its own node', async () => {
    const { scripted } = await second();
    const { world } = scripted;
    const own = world.link.requests.at(-1)!;
    const [holder] = asked(scripted, []);
    await world.link.send(holder!, errorReply(own.xid, 6, -102));
    await world.link.send(notification(DELETED, `/l/${HOLDER}`));
    expect(fresh(scripted)).toEqual([OpCode.getChildren]);
  });

  test('asks again if there was another connection in between', async () => {
    const { scripted } = await second();
    const { world } = scripted;
    await world.link.send(...asked(scripted, []));
    await world.link.close();
    const { length } = world.links;
    while (world.links.length === length) await world.advance(100);
    await world.link.grant(SESSION);
    await world.link.send(notification(DELETED, `/l/${HOLDER}`));
    expect(fresh(scripted)).toContain(OpCode.getChildren);
  });

  test('asks again if it was not the next', async () => {
    const { scripted } = await second(['_c_00000000-0000-4000-8000-000000000098-lock--000000001', HOLDER]);
    const { world } = scripted;
    await world.link.send(...asked(scripted, []));
    await world.link.send(notification(DELETED, `/l/${HOLDER}`));
    expect(fresh(scripted)).toEqual([OpCode.getChildren]);
  });
});
