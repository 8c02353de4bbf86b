import type { ServerConfig } from '../../core/config.ts';
import type { Member, MemberNetwork } from '../../core/ensemble/member.ts';
import type { MemberParts } from '../../core/ensemble/role.ts';
import type { Connection } from '../../core/pipeline/connection.ts';
import type { Logger } from '../../core/ports.ts';
import { Hierarchical, Majority, type QuorumVerifier, type ServerId } from '../../core/zab/quorum.ts';
import { FakeClient } from '../kit/fake-client.ts';
import { Rng } from '../kit/seed.ts';
import { Agenda } from './agenda.ts';
import { ElectionWires } from './election-wires.ts';
import { SimulatedMember } from './member.ts';
import { Network } from './network.ts';
import type { Trace } from './trace.ts';

/** Ways to make a server do wrong, and only that. */
export interface Seams {
  parts?(member: SimulatedMember, parts: MemberParts): MemberParts;
  network?(member: SimulatedMember, network: MemberNetwork): MemberNetwork;
  started?(simulated: SimulatedMember, member: Member): void;
  /** A client has come. */
  connected?(member: SimulatedMember, connection: Connection): void;
  /** What a client has sent, its connect request first. */
  received?(member: SimulatedMember, chunk: Buffer, isFirst: boolean): Buffer;
}

export interface ClusterOptions {
  /** Servers 1 to this have a vote. */
  readonly voters: number;
  /** Servers behind them that have none. */
  readonly observers?: number;
  /** Voters by group; a plain majority where there are none. */
  readonly groups?: readonly (readonly ServerId[])[];
  /** In groups; 1 for those that are not named. */
  readonly weights?: Readonly<Record<ServerId, number>>;
  /** The one source of chance. Left out, nothing is left to chance: all in order, each step a millisecond. */
  readonly rng?: Rng;
  /** Committed transactions that each server keeps in memory. */
  readonly committedCount?: number;
  readonly config?: Partial<ServerConfig>;
  readonly trace?: Trace;
  readonly logger?: (member: SimulatedMember) => Logger;
  readonly seams?: Seams;
  /** How long a message between servers takes, a write or sync of a disk, and what a client sends. In milliseconds. */
  readonly networkMs?: (rng: Rng) => number;
  readonly diskMs?: (rng: Rng) => number;
  readonly clientMs?: (rng: Rng) => number;
  /** Packets of a turn that go to the same server arrive one after the other, each in a turn of its own. */
  readonly isEachPacketAlone?: boolean;
  /** Servers are not started. */
  readonly isDown?: boolean;
}

type FullOptions = ClusterOptions &
  Required<Pick<ClusterOptions, 'networkMs' | 'diskMs' | 'clientMs' | 'committedCount'>>;

/** Draws nothing: always the first of all choices. */
export class StillRng extends Rng {
  constructor() {
    super(0);
  }

  override next(): number {
    return 0;
  }

  override fork(): Rng {
    return this;
  }
}

/** Servers, what is on its way between them, and one time. Nothing happens but in `step`. */
export class SimulatedCluster {
  readonly time = new Agenda(1_000);
  readonly rng: Rng;
  readonly options: FullOptions;
  readonly quorum: QuorumVerifier;
  readonly members: readonly SimulatedMember[];
  readonly network: Network;
  readonly electionWires: ElectionWires;
  readonly trace: Trace;

  constructor(options: ClusterOptions) {
    const rng = options.rng ?? new StillRng();
    const isStill = options.rng === undefined;
    this.rng = rng;
    this.trace = options.trace ?? (() => {});
    this.options = {
      ...options,
      committedCount: options.committedCount ?? 500,
      networkMs: options.networkMs ?? (isStill ? () => 1 : (rng) => rng.below(4)),
      diskMs: options.diskMs ?? (isStill ? () => 1 : (rng) => rng.below(5)),
      clientMs: options.clientMs ?? (isStill ? () => 1 : (rng) => rng.below(3)),
    };
    const { networkMs } = this.options;
    this.network = new Network(
      this.time,
      () => networkMs(rng),
      () => !isStill && rng.chance(50),
    );
    const ids = Array.from({ length: options.voters }, (_, i) => i + 1);
    this.quorum =
      options.groups === undefined
        ? new Majority(ids)
        : new Hierarchical(
            options.groups.map((group, i) => ({
              id: i + 1,
              weights: new Map(group.map((id) => [id, options.weights?.[id] ?? 1])),
            })),
          );
    this.members = [
      ...ids.map((id) => new SimulatedMember(id, this, false)),
      ...Array.from(
        { length: options.observers ?? 0 },
        (_, i) => new SimulatedMember(options.voters + i + 1, this, true),
      ),
    ];
    this.electionWires = new ElectionWires(
      this.members,
      this.network,
      (maxMs) => maxMs / 2 + (isStill ? maxMs / 2 : rng.below(maxMs / 2 + 1)),
      this.trace,
    );
    if (options.isDown !== true) for (const member of this.members) member.start();
  }

  member(id: ServerId): SimulatedMember {
    const member = this.members[id - 1];
    if (member === undefined) throw new Error(`there is no server ${id}`);
    return member;
  }

  get leader(): SimulatedMember | undefined {
    return this.members.find(({ member }) => member?.mode === 'leader' && member.service !== null);
  }

  get areAllServing(): boolean {
    return this.leader !== undefined && this.members.every(({ isServing }) => isServing);
  }

  // -- Faults ----------------------------------------------------------------------------------------------------------------

  /** Nothing passes between servers of different sides. Servers that are in none stay connected to all. */
  partition(sides: readonly (readonly ServerId[])[], mode: 'keep' | 'lose' = 'keep'): void {
    for (const side of sides) {
      for (const other of sides) {
        if (side === other) continue;
        for (const from of side) for (const to of other) this.blockWay(from, to, mode);
      }
    }
  }

  blockWay(from: ServerId, to: ServerId, mode: 'keep' | 'lose' = 'keep'): void {
    this.network.block(this.member(from).machine, this.member(to).machine, mode);
  }

  unblockWay(from: ServerId, to: ServerId): void {
    this.network.unblock(this.member(from).machine, this.member(to).machine);
  }

  /** What goes this way takes so much longer. */
  slowWay(from: ServerId, to: ServerId, extraMs: number): void {
    this.network.slow(this.member(from).machine, this.member(to).machine, extraMs);
  }

  heal(): void {
    this.network.heal();
  }

  /** Connections between these two break, of elections and of the quorum; they may come again. */
  cut(one: ServerId, other: ServerId): void {
    const [a, b] = [this.member(one), this.member(other)];
    for (const wire of [...a.wires]) if (wire.learner === b || wire.leader === b) wire.cut();
    this.electionWires.cut(a, b);
  }

  // -- Time ------------------------------------------------------------------------------------------------------------------

  /** The next thing that happens. */
  step(): void {
    this.time.step();
  }

  /** Everything that happens within so many milliseconds. */
  advance(ms: number): void {
    const untilMs = this.time.nowMs + ms;
    while (this.time.step(untilMs));
  }

  /** Steps until it is so; throws after too many. */
  until(what: string, isSo: () => boolean, stepsMax = 100_000): void {
    for (let i = 0; i < stepsMax; i++) {
      if (isSo()) return;
      this.step();
    }
    throw new Error(`not ${what} after ${stepsMax} steps: ${this.describe()}`);
  }

  describe(): string {
    return this.members
      .map(({ id, member, tree, isServing, machine }) => {
        const zxid = `0x${tree.lastProcessedZxid.toString(16)}`;
        return `${id} ${member?.mode ?? 'down'} ${zxid}${isServing ? ' serving' : ''}${machine.isStalled ? ' stalled' : ''}`;
      })
      .join(', ');
  }

  // -- Clients ---------------------------------------------------------------------------------------------------------------

  /** A client of one server, with its session. */
  client(member: SimulatedMember): FakeClient {
    const client = new FakeClient(member).handshake();
    this.until('connected', () => client.sessionId !== 0n || client.isClosed);
    return client;
  }

  /** The same client comes to another server with its session. */
  resume(client: FakeClient, member: SimulatedMember): FakeClient {
    const moved = new FakeClient(member).resume(client);
    this.until('moved', () => moved.sessionId !== 0n || moved.isClosed);
    return moved;
  }
}
