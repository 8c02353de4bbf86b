import type { Leading } from '../../core/ensemble/leading.ts';
import type { Learning } from '../../core/ensemble/learning.ts';
import { ByteWriter } from '../../wire/bytes.ts';
import { WireFault } from '../../wire/fault.ts';
import {
  type QuorumPacket,
  QuorumPacketReader,
  QuorumPacketType,
  writeQuorumPacket,
} from '../../wire/quorum.ts';
import type { SimulatedMember } from './member.ts';
import { Stream } from './network.ts';

const PACKET_BYTES_MAX = 1 << 24;
const PACKET_BYTES_EXTRA = 64;

/** What one end has sent in this turn, in order: bytes of packets, and streams that are taken chunk by chunk. */
class Outbox {
  readonly #queue: (Buffer | { readonly chunks: Iterator<Buffer>; readonly done: () => void })[] = [];
  #isPlanned = false;
  readonly #wire: QuorumWire;
  readonly #from: SimulatedMember;

  constructor(wire: QuorumWire, from: SimulatedMember) {
    this.#wire = wire;
    this.#from = from;
  }

  send(packet: QuorumPacket): void {
    const writer = new ByteWriter((packet.data?.length ?? 0) + PACKET_BYTES_EXTRA);
    writeQuorumPacket(writer, packet);
    this.#queue.push(writer.finish());
    this.#plan();
  }

  stream(chunks: Iterator<Buffer>, done: () => void): void {
    this.#queue.push({ chunks, done });
    this.#plan();
  }

  drop(): void {
    for (const item of this.#queue.splice(0)) if (!Buffer.isBuffer(item)) item.chunks.return?.();
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#from.machine.endOfTurn(() => {
      this.#isPlanned = false;
      this.#pump();
    });
  }

  /** All packets of a turn leave as one, unless the cluster has each travel alone; of a stream one chunk leaves in a turn, so that the tree changes in between. */
  #pump(): void {
    const packets: Buffer[] = [];
    while (Buffer.isBuffer(this.#queue[0])) packets.push(this.#queue.shift() as Buffer);
    const isEachAlone = this.#from.cluster.options.isEachPacketAlone === true;
    const chunks = isEachAlone || packets.length === 0 ? packets : [Buffer.concat(packets)];
    for (const chunk of chunks) this.#wire.transmit(this.#from, chunk);
    const item = this.#queue[0];
    if (item === undefined || Buffer.isBuffer(item)) return;
    const next = item.chunks.next();
    if (next.done === true) {
      this.#queue.shift();
      item.done();
      if (this.#queue.length > 0) this.#plan();
      return;
    }
    this.#wire.transmit(this.#from, next.value);
    this.#from.machine.after(this.#wire.delayMs(this.#from), () => this.#plan());
  }
}

/** One connection between a learner and a leader, both ways, in bytes. */
export class QuorumWire {
  readonly learner: SimulatedMember;
  readonly leader: SimulatedMember;
  /** From a SNAP to the packet behind it. */
  isInSnapshot = false;
  readonly #stream: Stream;
  readonly #leading: Leading;
  readonly #learning: Learning;
  readonly #outboxes: readonly [learner: Outbox, leader: Outbox];
  readonly #toLeader = new QuorumPacketReader(PACKET_BYTES_MAX);
  readonly #toLearner = new QuorumPacketReader(PACKET_BYTES_MAX);
  #handler: ReturnType<Leading['leader']['connected']> | null = null;

  constructor(learner: SimulatedMember, leader: SimulatedMember, leading: Leading, learning: Learning) {
    this.learner = learner;
    this.leader = leader;
    this.#leading = leading;
    this.#learning = learning;
    this.#outboxes = [new Outbox(this, learner), new Outbox(this, leader)];
    const { network, trace } = learner.cluster;
    this.#stream = new Stream(network, learner.machine, leader.machine, (machine) => {
      this.#forget(machine === leader.machine ? leader : learner);
      if (machine === leader.machine) this.#leaderLost();
      else {
        trace({ kind: 'disconnected', server: learner.id, leader: leader.id });
        this.#learning.disconnected('the connection ended');
      }
    });
    learner.wires.add(this);
    leader.wires.add(this);
    leader.machine.input(leader.machine.life, () => this.#accepted());
  }

  #accepted(): void {
    if (!this.#stream.stands(this.leader.machine)) return;
    const { leader } = this;
    const [, outbox] = this.#outboxes;
    this.#handler = this.#leading.leader.connected(
      {
        send: (packet) => {
          if (packet.type === QuorumPacketType.SNAP) this.#traceSnapshot();
          outbox.send(packet);
        },
        stream: (chunks, done) => outbox.stream(chunks, done),
        close: () => this.#close(leader),
      },
      leader.machine.monotonicMs(),
    );
  }

  #traceSnapshot(): void {
    const { leader, learner } = this;
    const zxid = leader.tree.lastProcessedZxid;
    leader.cluster.trace({ kind: 'snapshot', from: leader.id, to: learner.id, zxid });
  }

  #leaderLost(): void {
    if (this.#handler !== null) this.#leading.leader.disconnected(this.#handler);
    this.#handler = null;
  }

  sendToLeader(packet: QuorumPacket): void {
    if (this.#stream.stands(this.learner.machine)) this.#outboxes[0].send(packet);
  }

  /** What was not sent by the end of the turn is dropped, as the sockets in production do. */
  #close(by: SimulatedMember): void {
    this.#stream.close(by.machine);
    this.#outboxes[by === this.learner ? 0 : 1].drop();
    if (by === this.leader) this.#handler = null;
    this.#forget(by);
  }

  closeByLearner(): void {
    this.#close(this.learner);
  }

  /** How long what is sent now takes. */
  delayMs(from: SimulatedMember): number {
    const to = from === this.learner ? this.leader : this.learner;
    return from.cluster.network.delayMs(from.machine, to.machine);
  }

  transmit(from: SimulatedMember, bytes: Buffer): void {
    const to = from === this.learner ? this.leader : this.learner;
    this.#stream.send(from.machine, () => this.#receive(to, bytes));
  }

  #receive(to: SimulatedMember, bytes: Buffer): void {
    const { trace } = to.cluster;
    const from = to === this.learner ? this.leader : this.learner;
    const reader = to === this.leader ? this.#toLeader : this.#toLearner;
    try {
      reader.push(bytes, {
        packet: (packet) => {
          if (!this.#stream.stands(to.machine)) return null;
          trace({ kind: 'packet', from: from.id, to: to.id, packet });
          if (to === this.learner) {
            this.isInSnapshot = packet.type === QuorumPacketType.SNAP;
            return this.#learning.packet(packet);
          }
          if (this.#handler !== null) this.#leading.packet(this.#handler, packet);
          return null;
        },
      });
    } catch (fault) {
      if (!(fault instanceof WireFault)) throw fault;
      this.#stream.cut();
    }
  }

  /** Each end hears of the end at a time of its own. */
  #forget(end: SimulatedMember): void {
    end.wires.delete(this);
  }

  /** The connection breaks. */
  cut(): void {
    this.#stream.cut();
  }
}
