import { NOTIFICATION_VERSION, type Notification, type ServerState } from '../../wire/notification.ts';
import type { ElectionEffects, ElectionParts, OwnHistory } from './election-types.ts';
import type { QuorumVerifier, ServerId } from './quorum.ts';
import {
  configVersionOf,
  type HeardVote,
  heardVote,
  isGreater,
  isSameEnsemble,
  isSameVote,
  noVote,
  type Vote,
} from './vote.ts';

const MIN_INTERVAL_MS = 200;
const MAX_INTERVAL_MS = 60_000;
const FINALIZE_WAIT_MS = 200;
/** A round beyond this is nonsense, and must not carry our own to where numbers are no longer exact. */
const ROUND_MAX = 2 ** 52;
/** How far apart servers may notice the death of their leader and still need not say their votes twice. */
const EARLY_VOTE_MS = 1000;
/** What a server says of itself that cannot trust its own files: nobody votes by it. */
const UNTRUSTED_ZXID = -1;

/**
 * ZooKeeper's fast leader election, without its threads: inputs in, effects out, time only as an argument.
 *
 * A round is an exchange of votes in which each server moves to the best that it hears of, and ends for a server when a quorum
 * holds the vote that it holds itself, or when it learns of a leader that a quorum follows and that says itself that it
 * leads. Elections only have to end well mostly: that a leader has every committed transaction, and that there is one in each
 * epoch, is ensured after them by discovery, which needs a quorum to accept the new epoch. So nothing here is safety, and
 * all of it is how soon an ensemble serves again.
 *
 * That is why the wait of 200 ms, in which ZooKeeper lets a better vote come in, can be cut short: here it is only kept while
 * there is a voter that might have one, that is, one that has not been heard in this round with this same vote and is not
 * known to be gone (`peerGone`). When the leader's process has died, all others agree, and its connection has ended, nobody
 * is left to wait for. What that costs: a voter that starts or comes back in that very moment with a longer history is not
 * waited for. It then follows, and cuts off what was not committed; or, if it took part of the quorum along, the leader finds
 * no followers and there is another round.
 *
 * A server that is gone is not voted for, and what it said earlier is forgotten, so that nobody elects it without hearing it
 * again; when it goes while we vote for it, we begin another round. The leader that was just lost is not joined again before
 * everybody was asked a second time, as what arrives of it may have been said before it died. For all this, connections must be told in order: nothing of a
 * connection is received before its `peerConnected` or after its `peerGone`. What a gone server said is not listened to.
 *
 * Beyond ZooKeeper: who joins a round in which others have waited for long is answered with a better vote, else it would hear it
 * only when that is said again, up to a minute later. A vote that comes while this server has a leader still is remembered, and
 * counts if it begins to look soon after; who notices a death first would otherwise be heard only when it says its vote again,
 * 200 ms later. And who was answered while this server was looking is told when it has decided, and when the epoch of its vote
 * moves on, so that late servers and observers need not ask again. Observers answer nobody, as nobody counts them.
 *
 * Public calls: `begin` each time that the server has no leader, `updateEpoch` when it leads or follows in a new epoch, and
 * `tick` when `nextDeadlineMs` is reached. Times are monotonic milliseconds.
 */
export class FastLeaderElection {
  readonly #serverId: ServerId;
  readonly #quorum: QuorumVerifier;
  readonly #voters: ReadonlySet<ServerId>;
  readonly #isVoter: boolean;
  #config: Buffer | null;
  readonly #minIntervalMs: number;
  readonly #maxIntervalMs: number;
  readonly #finalizeWaitMs: number;
  readonly #effects: ElectionEffects;
  #state: ServerState = 'looking';
  /** The logical clock. 0 until the first `begin`: until then nothing is said or counted. */
  #round = 0;
  #own: Omit<Vote, 'electionEpoch'> = noVote;
  #vote: Vote = { ...noVote, electionEpoch: 0 };
  /** Votes of this round, our own among them. */
  readonly #received = new Map<ServerId, HeardVote>();
  /** Votes of servers that follow or lead, of whatever round. */
  readonly #established = new Map<ServerId, HeardVote>();
  readonly #gone = new Set<ServerId>();
  /** Servers that were looking when last heard. */
  readonly #asking = new Set<ServerId>();
  /** Votes of those that began to look before us: told to us once, while we could not use them. */
  readonly #early = new Map<ServerId, { readonly heard: HeardVote; readonly atMs: number }>();
  /** The leader that was just lost, as long as what is heard of it may be from before. */
  #lostLeader: ServerId | null = null;
  #configVersion: number;
  #finalizeAtMs: number | null = null;
  #resendAtMs = 0;
  #intervalMs = 0;

  constructor(parts: ElectionParts, effects: ElectionEffects) {
    this.#serverId = parts.serverId;
    this.#quorum = parts.quorum;
    this.#voters = new Set(parts.quorum.voters);
    this.#isVoter = this.#voters.has(parts.serverId);
    this.#config = parts.config;
    this.#configVersion = parts.config === null ? -1 : configVersionOf(parts.config);
    this.#minIntervalMs = parts.minIntervalMs ?? MIN_INTERVAL_MS;
    this.#maxIntervalMs = parts.maxIntervalMs ?? MAX_INTERVAL_MS;
    this.#finalizeWaitMs = parts.finalizeWaitMs ?? FINALIZE_WAIT_MS;
    this.#effects = effects;
  }

  get state(): ServerState {
    return this.#state;
  }

  /** Whom this server would have lead, and once it has decided, who does. */
  get vote(): Vote {
    return this.#vote;
  }

  get round(): number {
    return this.#round;
  }

  /** When `tick` has to be called; null while there is nothing to wait for. */
  get nextDeadlineMs(): number | null {
    if (this.#round === 0 || this.#state !== 'looking') return null;
    return this.#finalizeAtMs === null ? this.#resendAtMs : Math.min(this.#resendAtMs, this.#finalizeAtMs);
  }

  /**
   * Looks for a leader, in a new round. May decide at once (a server that is the only voter). While looking already it begins
   * again, with what is known now of the own history.
   */
  begin(history: OwnHistory, nowMs: number): void {
    this.#own = this.#isVoter
      ? { leader: this.#serverId, zxid: history.lastZxid, peerEpoch: history.currentEpoch }
      : noVote;
    if (this.#state === 'following' || this.#state === 'observing') this.#lostLeader = this.#vote.leader;
    this.#state = 'looking';
    this.#established.clear();
    this.#beginRound(nowMs);
    const early = [...this.#early];
    this.#early.clear();
    for (const [voter, { heard, atMs }] of early) {
      if (this.#state === 'looking' && nowMs - atMs <= EARLY_VOTE_MS) this.#hearLooking(voter, heard, nowMs);
    }
  }

  /**
   * The leader's new epoch is established here: our vote now names it, and we answer with it. Without this a restarted server
   * would hear different epochs from leader and followers and could not join (ZOOKEEPER-1732).
   */
  updateEpoch(epoch: number): void {
    if (this.#state === 'looking' || this.#vote.peerEpoch === epoch) return;
    this.#vote = { ...this.#vote, peerEpoch: epoch };
    this.#tellAsking();
  }

  /** Our configuration has another text now, which is sent along from here on. May be called from `configSeen`. */
  updateConfig(config: Buffer): void {
    this.#config = config;
    this.#configVersion = Math.max(this.#configVersion, configVersionOf(config));
  }

  /** A connection to the server stands: it is told what we think, since what it was told earlier may be lost. */
  peerConnected(server: ServerId, _nowMs: number): void {
    this.#gone.delete(server);
    if (this.#lostLeader === server) this.#lostLeader = null;
    if (this.#round === 0 || !this.#voters.has(server)) return;
    if (this.#isVoter || this.#state === 'looking') this.#send(server);
  }

  /** The connection to the server has ended or was refused, and there is no other. Its word counts no longer. */
  peerGone(server: ServerId, nowMs: number): void {
    this.#gone.add(server);
    this.#asking.delete(server);
    this.#early.delete(server);
    this.#received.delete(server);
    this.#established.delete(server);
    if (this.#round === 0 || this.#state !== 'looking') return;
    if (this.#vote.leader === server) this.#beginRound(nowMs);
    else this.#conclude(nowMs);
  }

  receive(from: ServerId, notification: Notification, nowMs: number): void {
    if (this.#round === 0 || from === this.#serverId || this.#gone.has(from)) return;
    if (notification.electionEpoch > ROUND_MAX) return;
    const asks = notification.state === 'looking';
    if (notification.config !== null) this.#compareConfig(notification.config);
    if (!this.#voters.has(from)) {
      if (asks) this.#answer(from);
      return;
    }
    if (asks) this.#asking.add(from);
    else this.#asking.delete(from);
    if (this.#state !== 'looking') {
      this.#early.delete(from);
      if (!asks) return;
      this.#early.set(from, { heard: heardVote(notification), atMs: nowMs });
      this.#answer(from);
      if (this.#state === 'leading') this.#effects.voterLooking(from);
    } else if (asks) {
      this.#hearLooking(from, heardVote(notification), nowMs);
    } else if (notification.state !== 'observing') {
      this.#hearEstablished(from, heardVote(notification), nowMs);
    }
  }

  /** Does what is due. Early and repeated calls do no harm. */
  tick(nowMs: number): void {
    if (this.#round === 0 || this.#state !== 'looking') return;
    if (this.#finalizeAtMs !== null && nowMs >= this.#finalizeAtMs) {
      this.#decide(this.#vote);
      return;
    }
    if (nowMs < this.#resendAtMs) return;
    this.#intervalMs = Math.min(this.#intervalMs * 2, this.#maxIntervalMs);
    this.#resendAtMs = nowMs + this.#intervalMs;
    this.#lostLeader = null;
    this.#tellVoters();
  }

  #beginRound(nowMs: number): void {
    this.#round++;
    this.#received.clear();
    this.#intervalMs = this.#minIntervalMs;
    this.#resendAtMs = nowMs + this.#intervalMs;
    this.#propose(this.#own);
    this.#conclude(nowMs);
  }

  #hearLooking(from: ServerId, heard: HeardVote, nowMs: number): void {
    // It follows no longer whom it said it followed.
    this.#established.delete(from);
    if (heard.electionEpoch < this.#round) {
      this.#answer(from);
      return;
    }
    if (this.#own.zxid === UNTRUSTED_ZXID || heard.zxid === UNTRUSTED_ZXID) return;
    if (!this.#voters.has(heard.leader)) return;
    if (heard.electionEpoch > this.#round) {
      this.#round = heard.electionEpoch;
      this.#received.clear();
      this.#propose(this.#isBetter(heard, this.#own) ? heard : this.#own);
    } else if (this.#isBetter(heard, this.#vote)) {
      this.#propose(heard);
    } else if (this.#intervalMs > this.#minIntervalMs && isGreater(this.#vote, heard)) {
      // It began to look long after we last said our vote, which we say ever more rarely.
      this.#answer(from);
    }
    this.#received.set(from, heard);
    this.#conclude(nowMs);
  }

  #hearEstablished(from: ServerId, heard: HeardVote, nowMs: number): void {
    if (!this.#voters.has(heard.leader) || heard.leader === this.#lostLeader) return;
    this.#established.set(from, heard);
    if (heard.electionEpoch === this.#round) {
      this.#received.set(from, heard);
      if (this.#isEstablished(this.#received, heard)) {
        this.#decide(heard);
        return;
      }
    }
    if (this.#isEstablished(this.#established, heard)) {
      this.#round = heard.electionEpoch;
      this.#decide(heard);
      return;
    }
    this.#conclude(nowMs);
  }

  /** Whether a quorum follows the leader of this vote, and the leader itself has said that it leads. */
  #isEstablished(votes: ReadonlyMap<ServerId, HeardVote>, heard: HeardVote): boolean {
    const together = new Set<ServerId>();
    for (const [server, vote] of votes) {
      const agrees = vote.state === 'looking' ? isSameVote(vote, heard) : isSameEnsemble(vote, heard);
      if (agrees) together.add(server);
    }
    if (!this.#quorum.contains(together)) return false;
    if (heard.leader !== this.#serverId) {
      const leader = votes.get(heard.leader);
      return leader?.state === 'leading' && leader.leader === heard.leader;
    }
    // Others follow us: so we lead, if it is for the vote of this very round and not for what we were before a restart.
    return this.#isVoter && isSameVote(heard, { ...this.#own, electionEpoch: this.#round });
  }

  /** Decides, or begins or ends the wait for a better vote. */
  #conclude(nowMs: number): void {
    if (this.#own.zxid === UNTRUSTED_ZXID) return;
    const agreeing = new Set<ServerId>();
    for (const [server, heard] of this.#received) {
      if (isSameVote(heard, this.#vote) || this.#isFollowedBy(heard)) agreeing.add(server);
    }
    if (!this.#quorum.contains(agreeing)) {
      this.#finalizeAtMs = null;
      return;
    }
    this.#finalizeAtMs ??= nowMs + this.#finalizeWaitMs;
    for (const voter of this.#voters) if (!agreeing.has(voter) && !this.#gone.has(voter)) return;
    this.#decide(this.#vote);
  }

  /**
   * Who follows, in this round, the leader that we vote for agrees, whatever epoch its vote has moved on to. Not if that leader
   * is ourselves: we lead nothing yet, so what it follows is what we were before a restart.
   */
  #isFollowedBy({ state, leader }: HeardVote): boolean {
    return state !== 'looking' && leader === this.#vote.leader && leader !== this.#serverId;
  }

  #decide({ leader, zxid, peerEpoch }: Vote): void {
    const state = leader === this.#serverId ? 'leading' : this.#isVoter ? 'following' : 'observing';
    this.#state = state;
    this.#vote = { leader, zxid, peerEpoch, electionEpoch: this.#round };
    this.#finalizeAtMs = null;
    this.#lostLeader = null;
    this.#received.clear();
    this.#established.clear();
    this.#tellAsking();
    this.#effects.decided(this.#vote, state);
  }

  #propose({ leader, zxid, peerEpoch }: Omit<Vote, 'electionEpoch'>): void {
    this.#vote = { leader, zxid, peerEpoch, electionEpoch: this.#round };
    this.#finalizeAtMs = null;
    if (this.#isVoter) {
      this.#received.set(this.#serverId, { ...this.#vote, state: 'looking', version: NOTIFICATION_VERSION });
    }
    this.#tellVoters();
  }

  /** Whether to move from one vote to another: never to a server that is gone or may not lead. */
  #isBetter(vote: Omit<Vote, 'electionEpoch'>, than: Omit<Vote, 'electionEpoch'>): boolean {
    if (this.#quorum.weightOf(vote.leader) === 0 || this.#gone.has(vote.leader)) return false;
    return this.#quorum.weightOf(than.leader) === 0 || isGreater(vote, than);
  }

  #compareConfig(config: Buffer): void {
    const version = configVersionOf(config);
    if (version <= this.#configVersion) return;
    this.#configVersion = version;
    this.#effects.configSeen(Buffer.from(config));
  }

  #answer(to: ServerId): void {
    if (!this.#isVoter) return;
    this.#asking.add(to);
    this.#send(to);
  }

  #tellVoters(): void {
    for (const voter of this.#voters) if (voter !== this.#serverId) this.#send(voter);
  }

  #tellAsking(): void {
    if (!this.#isVoter) return;
    for (const server of this.#asking) this.#send(server);
  }

  #send(to: ServerId): void {
    const { leader, zxid, peerEpoch, electionEpoch } = this.#vote;
    const config = this.#config;
    const version = config === null ? 1 : NOTIFICATION_VERSION;
    this.#effects.send(to, { state: this.#state, leader, zxid, electionEpoch, peerEpoch, version, config });
  }
}
