import { type QuorumPacket, QuorumPacketType, quorumPacketName } from '../../wire/quorum.ts';
import { QuorumStream } from './quorum-stream.ts';
import { TcpProxy } from './tcp-proxy.ts';

/** How a leader brought a learner up to date: the packet after LEADERINFO, and whether transactions followed before NEWLEADER. */
export interface SeenSync {
  readonly kind: string;
  readonly zxid: number;
  readonly proposals: number;
}

/** A learner takes a leader that does not listen yet for one that will be there soon, but not one that hangs up. */
const PATIENCE_MS = 1000;

/** The cables between the quorum ports of an ensemble, one for each learner and leader: listened to, held, or pulled out. */
export class QuorumCables implements AsyncDisposable {
  /** By learner and leader. */
  readonly #cables = new Map<string, TcpProxy>();
  readonly #syncs = new Map<number, SeenSync[]>();
  readonly #ids: readonly number[];

  private constructor(ids: readonly number[]) {
    this.#ids = ids;
  }

  static async start(quorumPorts: ReadonlyMap<number, number>): Promise<QuorumCables> {
    const cables = new QuorumCables([...quorumPorts.keys()]);
    for (const learner of cables.#ids) {
      cables.#syncs.set(learner, []);
      for (const leader of cables.#ids) {
        if (leader === learner) continue;
        const patienceMs = PATIENCE_MS;
        const opened = () => cables.#listener(learner);
        cables.#cables.set(
          `${learner} ${leader}`,
          await TcpProxy.start(quorumPorts.get(leader)!, { patienceMs, opened }),
        );
      }
    }
    return cables;
  }

  port(learner: number, leader: number): number {
    return this.#cable(learner, leader).port;
  }

  /** How this learner was synchronized, each time that it was, oldest first. */
  syncs(learner: number): readonly SeenSync[] {
    return this.#syncs.get(learner)!;
  }

  /** From now on nobody hears what `leader` says, on the connections that there are. */
  silence(leader: number): void {
    for (const learner of this.#ids) {
      if (learner !== leader) this.#cable(learner, leader).hold('to-opener');
    }
  }

  /** Breaks all connections to `leader`, with what was held back, and lets new ones pass. */
  cutOff(leader: number): void {
    for (const learner of this.#ids) {
      if (learner === leader) continue;
      this.#cable(learner, leader).drop();
      this.#cable(learner, leader).release();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#cables.values()].map((cable) => cable[Symbol.asyncDispose]()));
  }

  #cable(learner: number, leader: number): TcpProxy {
    return this.#cables.get(`${learner} ${leader}`)!;
  }

  /** Reads what a leader sends up to NEWLEADER. */
  #listener(learner: number): (direction: string, chunk: Buffer) => void {
    let stream: QuorumStream | null = new QuorumStream();
    return (direction, chunk) => {
      if (direction !== 'to-opener' || stream === null) return;
      stream.push(chunk);
      const { packets } = stream;
      const end = packets.findIndex(({ type }) => type === QuorumPacketType.NEWLEADER);
      if (end === -1) return;
      stream = null;
      this.#syncs.get(learner)!.push(seenSync(packets.slice(1, end)));
    };
  }
}

function seenSync([first, ...others]: readonly QuorumPacket[]): SeenSync {
  if (first === undefined) throw new Error('the leader began with NEWLEADER');
  const proposals = others.filter(({ type }) => type === QuorumPacketType.PROPOSAL).length;
  return { kind: quorumPacketName(first.type), zxid: first.zxid, proposals };
}
