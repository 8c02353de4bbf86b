import { formatWhole } from './format.ts';
import { summaryValues } from './summary-values.ts';
import type { LeaderView, ServerMode, ServerView } from './view.ts';

/** What ZooKeeper calls the state of a member's election; who serves clients is past election and synchronization. */
const peerStates: Partial<Record<ServerMode, string>> = {
  leader: 'leading - broadcast',
  follower: 'following - broadcast',
  observer: 'observing - broadcast',
};

/** The lines of `mntr` that only a member of an ensemble has, in the form of `monitorValues`; none for a server alone. */
export function ensembleValues(view: ServerView): [name: string, value: string][] {
  const { ensemble, mode, stats } = view;
  if (ensemble === null) return [];
  const lines: [string, string][] = [['peer_state', peerStates[mode] ?? mode]];
  if (mode === 'observer') lines.push(['observer_master_id', formatWhole(ensemble.leaderId)]);
  if (ensemble.leader !== null) lines.push(...leaderValues(ensemble.leader));
  const counts = stats.ensemble;
  lines.push(
    ['quorum_size', formatWhole(ensemble.quorumSize)],
    ['proposal_count', formatWhole(counts.proposals)],
    ['commit_count', formatWhole(counts.commits)],
    ['learner_proposal_received_count', formatWhole(counts.proposalsReceived)],
    ['learner_commit_received_count', formatWhole(counts.commitsReceived)],
    ['looking_count', formatWhole(counts.lookings)],
    ['diff_count', formatWhole(counts.diffs)],
    ['snap_count', formatWhole(counts.snapshots)],
    ['revalidate_count', formatWhole(counts.revalidations)],
    ['cnxn_closed_without_zk_server_running', formatWhole(counts.turnedAway)],
    ...summaryValues('quorum_ack_latency', counts.quorumAckMs),
    ...summaryValues('election_time', counts.electionMs),
    ...summaryValues('unavailable_time', counts.unavailableMs),
    ...summaryValues('leader_unavailable_time', counts.leaderUnavailableMs),
    ...summaryValues('follower_sync_time', counts.followerSyncMs),
    ...summaryValues('observer_sync_time', counts.observerSyncMs),
  );
  return lines;
}

function leaderValues(leader: LeaderView): [name: string, value: string][] {
  const { proposalSizes } = leader;
  return [
    ['leader_uptime', formatWhole(leader.uptimeMs)],
    ['learners', formatWhole(leader.learnerCount)],
    ['synced_followers', formatWhole(leader.syncedFollowerCount)],
    ['synced_non_voting_followers', formatWhole(leader.syncedNonVotingFollowerCount)],
    ['synced_observers', formatWhole(leader.syncedObserverCount)],
    ['pending_syncs', formatWhole(leader.pendingSyncCount)],
    ['last_proposal_size', formatWhole(proposalSizes.last)],
    ['min_proposal_size', formatWhole(proposalSizes.min)],
    ['max_proposal_size', formatWhole(proposalSizes.max)],
  ];
}
