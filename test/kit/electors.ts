import { FastLeaderElection } from '../../core/zab/election.ts';
import type { ElectionParts, OwnHistory } from '../../core/zab/election-types.ts';
import { Majority, type ServerId } from '../../core/zab/quorum.ts';
import type { Vote } from '../../core/zab/vote.ts';
import type { Notification, ServerState } from '../../wire/notification.ts';

export interface Sent {
  readonly to: ServerId;
  readonly notification: Notification;
}

/** One election with nobody around it: a test says what it hears and looks at what it does. */
export class LoneElector {
  readonly election: FastLeaderElection;
  readonly decisions: { readonly vote: Vote; readonly state: ServerState }[] = [];
  readonly voterLooking: ServerId[] = [];
  readonly configs: string[] = [];
  nowMs = 0;
  #sent: Sent[] = [];

  constructor(serverId: ServerId, parts: Partial<ElectionParts> = {}) {
    const defaults = { serverId, quorum: new Majority([1, 2, 3]), config: null };
    this.election = new FastLeaderElection(
      { ...defaults, ...parts },
      {
        send: (to, notification) => this.#sent.push({ to, notification }),
        decided: (vote, state) => this.decisions.push({ vote, state }),
        voterLooking: (voter) => this.voterLooking.push(voter),
        configSeen: (config) => this.configs.push(config.toString()),
      },
    );
  }

  begin(history: Partial<OwnHistory> = {}): this {
    this.election.begin({ lastZxid: 0, currentEpoch: 0, ...history }, this.nowMs);
    return this;
  }

  hear(from: ServerId, state: ServerState, vote: Partial<Notification> = {}): void {
    const defaults = {
      state,
      leader: from,
      zxid: 0,
      electionEpoch: 1,
      peerEpoch: 0,
      version: 2,
      config: null,
    };
    this.election.receive(from, { ...defaults, ...vote }, this.nowMs);
  }

  gone(server: ServerId): void {
    this.election.peerGone(server, this.nowMs);
  }

  connected(server: ServerId): void {
    this.election.peerConnected(server, this.nowMs);
  }

  /** Moves on in time as its owner does: to each deadline up to then. */
  wait(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const deadlineMs = this.election.nextDeadlineMs;
      if (deadlineMs === null || deadlineMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, deadlineMs);
      this.election.tick(this.nowMs);
    }
    this.nowMs = untilMs;
  }

  /** What was sent since the last call, as `to: state leader @round`. */
  get said(): string[] {
    return this.take().map(
      ({ to, notification: { state, leader, electionEpoch } }) =>
        `${to}: ${state} ${leader} @${electionEpoch}`,
    );
  }

  take(): Sent[] {
    const sent = this.#sent;
    this.#sent = [];
    return sent;
  }

  /** `state leader` of the last decision, null while looking. */
  get decision(): string | null {
    const last = this.decisions.at(-1);
    return last === undefined || this.election.state === 'looking'
      ? null
      : `${last.state} ${last.vote.leader}`;
  }
}
