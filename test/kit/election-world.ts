import { FastLeaderElection } from '../../core/zab/election.ts';
import type { ElectionEffects, ElectionParts } from '../../core/zab/election-types.ts';
import type { QuorumVerifier, ServerId } from '../../core/zab/quorum.ts';
import { isGreater, type Vote } from '../../core/zab/vote.ts';
import type { ServerState } from '../../wire/notification.ts';
import { Agenda, SimulatedLinks } from './election-links.ts';
import type { Rng } from './seed.ts';

export type Elector = Pick<
  FastLeaderElection,
  | 'state'
  | 'vote'
  | 'nextDeadlineMs'
  | 'begin'
  | 'updateEpoch'
  | 'peerConnected'
  | 'peerGone'
  | 'receive'
  | 'tick'
>;
export type MakeElector = (parts: ElectionParts, effects: ElectionEffects) => Elector;
export const makeElector: MakeElector = (parts, effects) => new FastLeaderElection(parts, effects);

/** A leader waits this long for a quorum of followers, and a follower for its leader to take it. */
const LEADER_WAIT_MS = 400;
const FOLLOWER_WAIT_MS = 300;

interface Node {
  readonly id: ServerId;
  isUp: boolean;
  elector: Elector;
  /** Changes whenever the node begins to look or dies, and with it all plans are void. */
  age: number;
  tickAtMs: number | null;
  currentEpoch: number;
  lastZxid: number;
  leader: ServerId | null;
  isAttached: boolean;
  readonly followers: Set<ServerId>;
  isEstablished: boolean;
  readonly gone: Set<ServerId>;
  decidedAtMs: number;
}

/**
 * Electors on simulated links, and above each just enough of a server: followers attach to their leader, which establishes an epoch
 * with a quorum of them, writes, and gives up without a quorum. At each step it is checked that nobody votes against the order
 * of votes, decides without a quorum of votes, for a leader that did not vote for itself, or for one that it knows to be gone.
 */
export class ElectionWorld {
  readonly agenda = new Agenda();
  readonly links: SimulatedLinks;
  readonly nodes = new Map<ServerId, Node>();
  readonly #quorum: QuorumVerifier;
  readonly #rng: Rng;
  readonly #make: MakeElector;
  /** Who has voted for a leader in a round, and who has followed or led in an epoch. */
  readonly #support = new Map<string, Set<ServerId>>();

  constructor(quorum: QuorumVerifier, observers: readonly ServerId[], rng: Rng, make: MakeElector) {
    this.#quorum = quorum;
    this.#rng = rng;
    this.#make = make;
    const ids = [...quorum.voters, ...observers];
    for (const id of ids) {
      this.nodes.set(id, {
        id,
        isUp: false,
        elector: this.#elector(id),
        age: 0,
        tickAtMs: null,
        currentEpoch: 0,
        lastZxid: 0,
        leader: null,
        isAttached: false,
        followers: new Set(),
        isEstablished: false,
        gone: new Set(),
        decidedAtMs: 0,
      });
    }
    this.links = new SimulatedLinks(ids, this.agenda, rng, {
      isUp: (id) => this.node(id).isUp,
      deliver: (from, to, notification) =>
        this.#step(this.node(to), (elector, nowMs) => elector.receive(from, notification, nowMs)),
      connected: (id, peer) => {
        this.node(id).gone.delete(peer);
        this.#step(this.node(id), (elector, nowMs) => elector.peerConnected(peer, nowMs));
      },
      gone: (id, peer) => {
        if (this.node(id).gone.has(peer)) return;
        this.node(id).gone.add(peer);
        this.#step(this.node(id), (elector, nowMs) => elector.peerGone(peer, nowMs));
      },
    });
  }

  node(id: ServerId): Node {
    return this.nodes.get(id)!;
  }

  get up(): Node[] {
    return [...this.nodes.values()].filter((node) => node.isUp);
  }

  start(id: ServerId): void {
    const node = this.node(id);
    if (node.isUp) return;
    node.isUp = true;
    node.elector = this.#elector(id);
    node.gone.clear();
    this.#look(node);
  }

  crash(id: ServerId): void {
    const node = this.node(id);
    if (!node.isUp) return;
    node.isUp = false;
    this.links.died(id);
    this.#leave(node);
  }

  cut(one: ServerId, other: ServerId): void {
    this.links.cut(one, other);
    for (const [id, leader] of [
      [one, other],
      [other, one],
    ] as const) {
      const node = this.node(id);
      if (node.isUp && node.leader === leader) this.#look(node);
    }
  }

  /** The established leader writes, and not all of its followers have it at once. */
  write(): void {
    for (const leader of this.up) {
      if (!leader.isEstablished) continue;
      const have = [...leader.followers].filter(() => this.#rng.chance(70));
      const enough = this.#quorum.contains(new Set([leader.id, ...have])) ? have : [...leader.followers];
      const base = Math.max(leader.lastZxid, leader.currentEpoch * 2 ** 32);
      for (const id of [leader.id, ...enough]) this.node(id).lastZxid = base + 1;
    }
  }

  /** Throws unless every server that is up follows one established leader. */
  expectConverged(): void {
    const story = this.up.map(
      ({ id, elector: { state, vote }, isAttached }) =>
        `${id} ${state} ${vote.leader}@${vote.electionEpoch}e${vote.peerEpoch}${isAttached ? '' : ' alone'}`,
    );
    const leaders = this.up.filter(({ isEstablished }) => isEstablished);
    const rest = this.up.filter(({ isEstablished }) => !isEstablished);
    const agree = rest.every(({ isAttached, leader }) => isAttached && leader === leaders[0]?.id);
    if (leaders.length !== 1 || !agree) throw new Error(`no agreement in the end: ${story.join(', ')}`);
  }

  #elector(id: ServerId): Elector {
    const parts = { serverId: id, quorum: this.#quorum, config: null };
    return this.#make(parts, {
      send: (to, notification) => {
        this.#record(this.node(id), notification);
        this.links.send(id, to, notification);
      },
      decided: (vote, state) => this.#decided(this.node(id), vote, state),
      voterLooking: () => {},
      configSeen: () => {},
    });
  }

  #step(node: Node, call: (elector: Elector, nowMs: number) => void): void {
    if (!node.isUp) return;
    call(node.elector, this.agenda.nowMs);
    this.#record(node, { ...node.elector.vote, state: node.elector.state });
    const deadlineMs = node.elector.nextDeadlineMs;
    if (deadlineMs === null || deadlineMs === node.tickAtMs) return;
    node.tickAtMs = deadlineMs;
    this.agenda.at(deadlineMs, () => {
      if (node.tickAtMs === deadlineMs) node.tickAtMs = null;
      this.#step(node, (elector, nowMs) => elector.tick(nowMs));
    });
  }

  /** What a voter holds now counts as said: it may be on its way to anybody. */
  #record(node: Node, vote: Vote & { readonly state: ServerState }): void {
    if (!this.#quorum.voters.includes(node.id)) return;
    if (vote.state !== 'looking') {
      this.#supporters(`${vote.leader} leads ${vote.peerEpoch}`).add(node.id);
      return;
    }
    this.#supporters(`${vote.leader} in ${vote.electionEpoch}`).add(node.id);
    const own = { leader: node.id, zxid: node.lastZxid, peerEpoch: node.currentEpoch };
    if (this.#quorum.weightOf(node.id) > 0 && isGreater(own, vote)) {
      throw new Error(`server ${node.id} votes for ${vote.leader}, which has less than itself`);
    }
  }

  #supporters(key: string): Set<ServerId> {
    const supporters = this.#support.get(key) ?? new Set();
    this.#support.set(key, supporters);
    return supporters;
  }

  #decided(node: Node, vote: Vote, state: ServerState): void {
    const { leader } = vote;
    const voted = this.#supporters(`${leader} in ${vote.electionEpoch}`);
    const follow = this.#supporters(`${leader} leads ${vote.peerEpoch}`);
    // What was elected in this round stands in neither set whole when some joined and some voted.
    const backed = [voted, follow, new Set([...voted, ...follow])].some((set) => this.#quorum.contains(set));
    if (!backed) throw new Error(`server ${node.id} decides for ${leader} without a quorum`);
    if (!voted.has(leader) && !follow.has(leader)) {
      throw new Error(`server ${node.id} decides for ${leader}, which has not said so`);
    }
    if ((state === 'leading') !== (leader === node.id))
      throw new Error(`server ${node.id} is ${state} ${leader}`);
    if (this.#quorum.weightOf(leader) === 0) throw new Error(`server ${leader} must not lead`);
    if (node.gone.has(leader)) throw new Error(`server ${node.id} decides for ${leader}, which is gone`);
    node.leader = leader;
    node.decidedAtMs = this.agenda.nowMs;
    const { age } = node;
    if (state === 'leading') {
      this.agenda.after(LEADER_WAIT_MS, () => {
        if (node.age === age && !node.isEstablished) this.#look(node);
      });
      this.agenda.after(0, () => this.#maybeEstablish(node, age));
    } else {
      const untilMs = this.agenda.nowMs + FOLLOWER_WAIT_MS;
      this.agenda.after(1 + this.#rng.below(5), () => this.#attach(node, age, untilMs));
    }
  }

  #attach(node: Node, age: number, untilMs: number): void {
    if (node.age !== age) return;
    const leader = this.node(node.leader!);
    if (!leader.isUp || leader.leader !== leader.id || !this.links.canReach(node.id, leader.id)) {
      if (this.agenda.nowMs >= untilMs) this.#look(node);
      else this.agenda.after(20, () => this.#attach(node, age, untilMs));
      return;
    }
    const isVoter = this.#quorum.voters.includes(node.id);
    if (isVoter && !leader.isEstablished && this.#isAhead(node, leader)) {
      this.#look(leader);
      this.#look(node);
      return;
    }
    node.isAttached = true;
    if (isVoter) leader.followers.add(node.id);
    if (leader.isEstablished) this.#synchronise(node, leader);
    else this.#maybeEstablish(leader, leader.age);
  }

  #isAhead(node: Node, leader: Node): boolean {
    if (this.#quorum.weightOf(node.id) === 0) return false;
    if (node.currentEpoch !== leader.currentEpoch) return node.currentEpoch > leader.currentEpoch;
    return node.lastZxid > leader.lastZxid;
  }

  #maybeEstablish(leader: Node, age: number): void {
    if (leader.age !== age || leader.isEstablished) return;
    if (!this.#quorum.contains(new Set([leader.id, ...leader.followers]))) return;
    leader.isEstablished = true;
    const epochs = [leader.id, ...leader.followers].map((id) => this.node(id).currentEpoch);
    leader.currentEpoch = Math.max(...epochs) + 1;
    this.#step(leader, (elector) => elector.updateEpoch(leader.currentEpoch));
    for (const node of this.up)
      if (node.isAttached && node.leader === leader.id) this.#synchronise(node, leader);
  }

  #synchronise(node: Node, leader: Node): void {
    node.currentEpoch = leader.currentEpoch;
    node.lastZxid = leader.lastZxid;
    this.#step(node, (elector) => elector.updateEpoch(leader.currentEpoch));
  }

  #look(node: Node): void {
    if (!node.isUp) return;
    this.#leave(node);
    this.#step(node, (elector, nowMs) =>
      elector.begin({ lastZxid: node.lastZxid, currentEpoch: node.currentEpoch }, nowMs),
    );
  }

  /** The role ends; those who depended on it notice soon. */
  #leave(node: Node): void {
    const { leader } = node;
    node.age++;
    node.leader = null;
    node.isAttached = false;
    node.isEstablished = false;
    node.followers.clear();
    for (const other of this.up) {
      if (leader === node.id && other.leader === node.id) this.#noticeLater(other);
    }
    if (leader === null || leader === node.id) return;
    const left = this.node(leader);
    left.followers.delete(node.id);
    if (left.isEstablished && !this.#quorum.contains(new Set([left.id, ...left.followers]))) {
      this.#noticeLater(left);
    }
  }

  #noticeLater(node: Node): void {
    const { age } = node;
    this.agenda.after(this.#rng.below(4), () => {
      if (node.age === age) this.#look(node);
    });
  }
}
