import { describe, expect, it } from 'vitest';
import { ProposalSizes } from '../../core/admin/ensemble-stats.ts';
import { fourLetterReply } from '../../core/admin/four-letter.ts';
import type { EnsembleView, LeaderView, ServerView } from '../../core/admin/view.ts';
import { defaultConfig, noEnsemble, type ServerLine } from '../../core/config.ts';
import { formatEnsemble } from '../../wire/ensemble-config.ts';
import type { FourLetterWord } from '../../wire/four-letter.ts';
import { recordedView } from './fake-view.ts';

function line(id: number, role: ServerLine['role']): ServerLine {
  const address = { host: '127.0.0.1', quorumPort: 23190 + id, electionPort: 23200 + id };
  return { id, addresses: [address], role, clientAddress: null, secureClientAddress: null };
}

const config = {
  ...defaultConfig,
  dataDir: '/tmp/data',
  dataLogDir: '/tmp/log',
  serverId: 2,
  ensemble: {
    ...noEnsemble,
    servers: [line(1, 'participant'), line(2, 'participant'), line(3, 'participant'), line(4, 'observer')],
  },
};

const membership = formatEnsemble({ ...config.ensemble, version: 0 });

function leaderView(): LeaderView {
  const proposalSizes = new ProposalSizes();
  for (const bytes of [97, 48, 91]) proposalSizes.add(bytes);
  return {
    uptimeMs: 60_339.7,
    learnerCount: 4,
    syncedFollowerCount: 2,
    syncedNonVotingFollowerCount: 1,
    syncedObserverCount: 1,
    pendingSyncCount: 5,
    foreignProposalCount: 2,
    proposalSizes,
  };
}

function member(mode: ServerView['mode'], leader: LeaderView | null = null): ServerView {
  const ensemble: EnsembleView = { leaderId: 3, quorumSize: 3, membership, leader };
  return recordedView({ config, mode, ensemble });
}

const ask = (word: FourLetterWord, view: ServerView): string => fourLetterReply(word, ['*'], view, view);

/** Some lines of `mntr`. */
function monitored(view: ServerView, ...names: string[]): (string | undefined)[] {
  const lines = new Map(
    ask('mntr', view)
      .split('\n')
      .map((text) => text.split('\t') as [string, string]),
  );
  return names.map((name) => lines.get(`zk_${name}`));
}

const ofLeaders = [
  'leader_uptime',
  'learners',
  'synced_followers',
  'synced_non_voting_followers',
  'synced_observers',
  'pending_syncs',
  'last_proposal_size',
  'min_proposal_size',
  'max_proposal_size',
];

describe('four-letter words of a member, as Apache ZooKeeper prints them', () => {
  it('srvr and stat of a leader end with the sizes of proposals', () => {
    for (const word of ['srvr', 'stat'] as const) {
      const lines = ask(word, member('leader', leaderView())).split('\n').slice(-4);
      expect(lines).toEqual(['Mode: leader', 'Node count: 10', 'Proposal sizes last/min/max: 91/48/97', '']);
    }
    expect(ask('srvr', member('follower')).split('\n').slice(-3)).toEqual([
      'Mode: follower',
      'Node count: 10',
      '',
    ]);
  });

  it('srst resets the sizes of proposals and what the member counted', () => {
    const view = member('leader', leaderView());
    view.stats.ensemble.proposals = 7;
    expect(ask('srst', view)).toBe('Server stats reset.\n');
    expect(ask('srvr', view)).toContain('Proposal sizes last/min/max: -1/-1/-1\n');
    expect(monitored(view, 'proposal_count')).toEqual(['0']);
  });

  it('mntr tells the role, and what each counts', () => {
    const leader = member('leader', leaderView());
    expect(monitored(leader, 'server_state', 'peer_state', 'quorum_size', ...ofLeaders)).toEqual([
      ...['leader', 'leading - broadcast', '3'],
      ...['60339', '4', '2', '1', '1', '5', '91', '48', '97'],
    ]);
    const none = ofLeaders.map(() => undefined);
    const follower = member('follower');
    expect(monitored(follower, 'peer_state', 'observer_master_id', ...ofLeaders)).toEqual([
      'following - broadcast',
      undefined,
      ...none,
    ]);
    const observer = member('observer');
    expect(monitored(observer, 'peer_state', 'observer_master_id', ...ofLeaders)).toEqual([
      'observing - broadcast',
      '3',
      ...none,
    ]);
    const { ensemble } = observer.stats;
    ensemble.commitsReceived = 4;
    ensemble.lookings = 2;
    for (const ms of [10, 30.5]) ensemble.electionMs.add(ms);
    expect(
      monitored(
        observer,
        'learner_commit_received_count',
        'looking_count',
        'avg_election_time',
        'max_election_time',
      ),
    ).toEqual(['4', '2', '20.25', '30']);
    expect(monitored(recordedView(), 'peer_state', 'quorum_size', 'looking_count')).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('conf has the settings of the ensemble, and its members', () => {
    const text = ask('conf', member('follower'));
    expect(text.slice(text.indexOf('serverId='))).toBe(`serverId=2
initLimit=10
syncLimit=5
electionAlg=3
electionPort=23202
quorumPort=23192
peerType=0
membership: 
server.1=127.0.0.1:23191:23201:participant
server.2=127.0.0.1:23192:23202:participant
server.3=127.0.0.1:23193:23203:participant
server.4=127.0.0.1:23194:23204:observer
version=0`);
    const observer = {
      ...config,
      serverId: 4,
      ensemble: { ...config.ensemble, peerType: 'observer' as const },
    };
    const other = ask(
      'conf',
      recordedView({ config: observer, ensemble: { leaderId: 3, quorumSize: 3, membership, leader: null } }),
    );
    expect(other).toContain('\nelectionPort=23204\nquorumPort=23194\npeerType=1\n');
  });

  it('dump of a learner lists sessions by id, with their timeouts', () => {
    const sessions = () => [
      { id: 0x20n, timeoutMs: 4000, expiresAtMs: 0 },
      { id: 0x10n, timeoutMs: 10_000, expiresAtMs: 0 },
    ];
    const ensemble: EnsembleView = { leaderId: 3, quorumSize: 3, membership, leader: null };
    const text = ask('dump', recordedView({ mode: 'observer', ensemble, sessions }));
    expect(text.split('ephemeral')[0]).toBe(
      'SessionTracker dump:\nGlobal Sessions(2):\n0x10\t10000ms\n0x20\t4000ms\n',
    );
    expect(ask('dump', member('leader', leaderView()))).toContain(
      'SessionTracker dump:\nSession Sets (1)/(2):\n',
    );
  });
});
