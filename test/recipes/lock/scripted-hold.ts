import { type AcquireOptions, InterProcessMutex, type Lease } from '../../../recipes/index.ts';
import type { HeldLease } from '../../../recipes/lock/lease.ts';
import { decode } from '../../../wire/codec.ts';
import { OpCode } from '../../../wire/opcodes.ts';
import { Create2Reply, GetDataReply, NamesReply } from '../../../wire/replies.ts';
import { CreateRequest } from '../../../wire/requests.ts';
import { type Scripted, SESSION, statOf } from '../../client/scripted.ts';
import { reply, type SeenRequest } from '../../kit/client-world.ts';

/** What was asked in one write with a creation, and is still to be answered. */
const askedWith = new WeakMap<Scripted, SeenRequest[]>();

/** Answers what a contender for `/l` asks, so that it holds the lock and watches its node; pings are left unanswered. */
export async function hold(scripted: Scripted, options?: AcquireOptions): Promise<Lease> {
  const { world } = scripted;
  const acquiring = new InterProcessMutex(scripted.client, '/l').acquire(options);
  await world.turn();
  const node = await created(scripted);
  await world.link.send(...asked(scripted, [node]));
  const lease = await acquiring;
  (lease as HeldLease).hold.place.node.watch();
  await world.turn();
  await world.link.send(...asked(scripted, [node]));
  return lease;
}

export async function created(scripted: Scripted): Promise<string> {
  const { world } = scripted;
  const [create, ...others] = world.link.take();
  askedWith.set(scripted, others);
  const path = `${decode(CreateRequest, create!.body).path}0000000001`;
  const stat = statOf({ ephemeralOwner: SESSION.sessionId, czxid: 5 });
  await world.link.send(reply(create!.xid, 5, Create2Reply, { path, stat }));
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The answers to the reads that have arrived. */
export function asked(scripted: Scripted, children: string[]): Buffer[] {
  const requests = [...(askedWith.get(scripted) ?? []), ...scripted.world.link.take()];
  askedWith.delete(scripted);
  return requests.map(({ xid, type }) =>
    type === OpCode.getChildren
      ? reply(xid, 5, NamesReply, { children })
      : reply(xid, 5, GetDataReply, { data: null, stat: statOf() }),
  );
}

/** The clock goes on while the process does not: no timer runs. */
export function stop({ world }: Scripted, ms: number): void {
  const now = world.monotonicMs() + ms;
  world.monotonicMs = () => now;
}

/** Time passes, second by second, while pings are answered. */
export async function passSeconds({ world }: Scripted, seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    await world.advance(1_000);
    for (const { xid } of world.link.take(true)) if (xid === -2) await world.link.send(reply(-2, 5));
  }
}
