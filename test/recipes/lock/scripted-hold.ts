import { type AcquireOptions, InterProcessMutex, type Lease } from '../../../recipes/index.ts';
import { decode } from '../../../wire/codec.ts';
import { OpCode } from '../../../wire/opcodes.ts';
import { Create2Reply, GetDataReply, NamesReply } from '../../../wire/replies.ts';
import { CreateRequest } from '../../../wire/requests.ts';
import { type Scripted, SESSION, statOf } from '../../client/scripted.ts';
import { reply } from '../../kit/client-world.ts';

/** Answers what a contender for `/l` asks, so that it holds the lock; pings are left unanswered. */
export async function hold(scripted: Scripted, options?: AcquireOptions): Promise<Lease> {
  const { world } = scripted;
  const acquiring = new InterProcessMutex(scripted.client, '/l').acquire(options);
  await world.turn();
  const node = await created(scripted);
  const replies = asked(scripted, [node]);
  await world.link.send(...replies);
  return acquiring;
}

export async function created({ world }: Scripted): Promise<string> {
  const [create] = world.link.take();
  const path = `${decode(CreateRequest, create!.body).path}0000000001`;
  const stat = statOf({ ephemeralOwner: SESSION.sessionId, czxid: 5 });
  await world.link.send(reply(create!.xid, 5, Create2Reply, { path, stat }));
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The answers to the reads that have arrived. */
export function asked({ world }: Scripted, children: string[]): Buffer[] {
  return world.link
    .take()
    .map(({ xid, type }) =>
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
