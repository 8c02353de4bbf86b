import type { EnsembleView, LeaderView, ServerMode } from '../admin/view.ts';
import type { Clock } from '../ports.ts';
import type { Viewed } from '../server-view.ts';
import type { Store } from '../store.ts';
import type { QuorumVerifier } from '../zab/quorum.ts';
import type { Leading } from './leading.ts';
import type { Member } from './member.ts';

/** A member as operators see it. It is to be looked at only while it has a service. */
export function viewedMember(member: Member, store: Store, quorum: QuorumVerifier, clock: Clock): Viewed {
  return {
    get mode() {
      return modeOf(member);
    },
    get ensemble() {
      return ensembleViewOf(member, quorum, clock);
    },
    get servingSinceMs() {
      return member.servingSinceMs;
    },
    get service() {
      return serviceOf(member);
    },
    get tree() {
      return store.tree;
    },
  };
}

function modeOf({ mode }: Member): ServerMode {
  if (mode === 'looking') throw new Error('a server that looks for a leader has no role to show');
  return mode;
}

function serviceOf({ service }: Member): Viewed['service'] {
  if (service === null) throw new Error('a server that serves nobody has nothing to show');
  return service;
}

function ensembleViewOf(member: Member, quorum: QuorumVerifier, clock: Clock): EnsembleView {
  const { leading } = member;
  return {
    leaderId: member.election.vote.leader,
    quorumSize: quorum.voters.length,
    membership: member.configurationText.toString('utf8'),
    leader: leading === null ? null : leaderViewOf(leading, member, quorum, clock),
  };
}

function leaderViewOf(
  { leader, proposalSizes, foreignProposalCount }: Leading,
  { servingSinceMs }: Member,
  { voters }: QuorumVerifier,
  clock: Clock,
): LeaderView {
  const learners = [...leader.handlers];
  const synced = learners.filter(({ isForwarding }) => isForwarding);
  const followers = synced.filter(({ kind }) => kind === 'follower');
  return {
    uptimeMs: clock.monotonicMs() - servingSinceMs,
    learnerCount: learners.length,
    syncedFollowerCount: followers.length,
    syncedNonVotingFollowerCount: followers.filter(({ serverId }) => !voters.includes(serverId)).length,
    syncedObserverCount: synced.length - followers.length,
    pendingSyncCount: leader.pendingSyncCount,
    foreignProposalCount,
    proposalSizes,
  };
}
