import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type ZooKeeperClient } from '../../client/index.ts';
import { nodePorts } from '../../client/tcp.ts';
import { type FourLetterWord, fourLetterWords } from '../../wire/four-letter.ts';
import { type BuiltPackage, buildPackage } from '../kit/built.ts';
import { fourLetterWord } from '../kit/four-letter.ts';
import { javaZooKeeper } from '../kit/java.ts';
import { type Kind, MixedEnsemble } from '../kit/mixed-ensemble.ts';
import { eventually } from '../kit/processes.ts';

const SESSION_TIMEOUT_MS = 300_000;
/** Without a clock the clients never ping, so that both servers count the same whenever they are asked. */
const ports = { ...nodePorts, after: () => () => {} };
const roles = ['leader', 'follower', 'observer'] as const;
type Role = (typeof roles)[number];

/** An ensemble of one implementation, with a session at each of its three members. */
interface Side {
  readonly ensemble: MixedEnsemble;
  readonly members: ReadonlyMap<Role, number>;
  readonly clients: readonly ZooKeeperClient[];
}

const members = (kind: Kind) => [
  { id: 1, kind },
  { id: 2, kind },
  { id: 3, kind, isObserver: true },
];

async function start(kind: Kind, main: string): Promise<Side> {
  const configLines = [`maxSessionTimeout=${SESSION_TIMEOUT_MS}`];
  const ensemble = await MixedEnsemble.create({ members: members(kind), main, configLines });
  const clients: ZooKeeperClient[] = [];
  try {
    await ensemble.start(1, 2, 3);
    const leader = await ensemble.leader();
    const ids = new Map<Role, number>([
      ['leader', leader],
      ['follower', leader === 1 ? 2 : 1],
      ['observer', 3],
    ]);
    for (const role of roles) {
      const address = `127.0.0.1:${ensemble.port(ids.get(role)!)}`;
      const client = await connect(address, { ports, sessionTimeoutMs: SESSION_TIMEOUT_MS });
      clients.push(client);
      await client.create(`/${role}`, role);
      await client.create(`/${role}/e`, 'x', { mode: 'ephemeral' });
      await client.get(`/${role}`, { watch: () => {} });
      await client.exists('/none', { watch: () => {} });
    }
    // Everybody has everything.
    for (const client of clients) await client.sync('/');
    return { ensemble, members: ids, clients };
  } catch (error) {
    for (const client of clients) await client.close();
    await ensemble[Symbol.asyncDispose]();
    throw error;
  }
}

/** Takes out what must differ between two ensembles: names, moments, epochs, and sizes of files. */
function masked(text: string, { clients, ensemble }: Side): string {
  let result = text;
  for (const [i, client] of clients.entries()) {
    result = result.replaceAll(`0x${client.sessionId.toString(16)}`, `SESSION${i}`);
  }
  for (const { id } of ensemble.members)
    result = result.replaceAll(`=${ensemble.port(id)}\n`, `=PORT${id}\n`);
  return result
    .replace(/^(Zookeeper version: |zookeeper\.version=).*$/gm, '$1VERSION')
    .replace(/127\.0\.0\.1:\d+(:\d+)?/g, 'ADDRESS')
    .replace(/^(electionPort|quorumPort)=\d+$/gm, '$1=N')
    .replace(/\b(est|lresp|llat|minlat|avglat|maxlat)=\d+/g, '$1=N')
    .replace(/\blzxid=0x[1-9a-f]([0-9a-f]{8})\b/g, 'lzxid=EPOCH$1')
    .replace(/^Zxid: 0x[1-9a-f]([0-9a-f]{8})$/gm, 'Zxid: EPOCH$1')
    .replace(/expire at .*:$/gm, 'expire at TIME:')
    .replace(/^Latency min\/avg\/max: \d+\/\d+\.\d+\/\d+$/gm, 'LATENCY')
    .replace(/^(Received|Sent): \d+$/gm, '$1: N')
    .replace(/\[\d\]\(queued=0,recved=\d+,sent=\d+/g, '(COUNTS')
    .replace(/^(dataDir|dataLogDir)=.*(\/version-2)$/gm, '$1=PATH$2')
    .replace(/^(dataDirSize|dataLogSize)=\d+$/gm, '$1=N');
}

/** Lines in a fixed order, for words that list things in whatever order a hash table has. */
const sorted = (text: string): string[] => text.split('\n').sort();

const monitored = (text: string): Map<string, string> =>
  new Map(
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t') as [string, string]),
  );

if (javaZooKeeper() === null) {
  describe.skip('four-letter words of members', () => it('Apache ZooKeeper is not installed', () => {}));
} else {
  describe('four-letter words of members, beside those of Apache ZooKeeper', () => {
    let built: BuiltPackage;
    let sides: readonly [java: Side, own: Side];

    beforeAll(async () => {
      built = buildPackage();
      const { main } = built;
      sides = [await start('java', main), await start('ours', main)];
    }, 180_000);
    afterAll(async () => {
      for (const { clients, ensemble } of sides ?? []) {
        for (const client of clients) await client.close();
        await ensemble[Symbol.asyncDispose]();
      }
      built[Symbol.dispose]();
    });

    /** What both say to a word in the same role, masked. */
    async function both(role: Role, word: FourLetterWord): Promise<[java: string, own: string]> {
      const [theirs, ours] = await Promise.all(
        sides.map(async (side) =>
          masked(await fourLetterWord(side.ensemble.port(side.members.get(role)!), word), side),
        ),
      );
      return [theirs!, ours!];
    }

    describe.each(roles)('of the %s', (role) => {
      it.each(['ruok', 'isro', 'srvr', 'wchs'] as const)('%s is the same', async (word) => {
        const [theirs, ours] = await both(role, word);
        expect(ours).toBe(theirs);
        if (word === 'srvr') expect(ours).toContain(`\nMode: ${role}\n`);
      });

      it('conf is the same', async () => {
        const [theirs, ours] = await both(role, 'conf');
        expect(ours).toBe(theirs);
        expect(ours).toContain(`\npeerType=${role === 'observer' ? 1 : 0}\nmembership: \nserver.1=`);
      });

      it.each(['stat', 'cons', 'wchc'] as const)('%s lists the same', async (word) => {
        const [theirs, ours] = await both(role, word);
        expect(sorted(ours)).toEqual(sorted(theirs));
        expect(ours).toContain(word === 'stat' ? `Mode: ${role}` : 'SESSION');
      });

      it('dump lists the same sessions and nodes', async () => {
        const [theirs, ours] = await both(role, 'dump');
        // A leader of Apache ZooKeeper puts sessions into sets by the tick in which they expire.
        const listed = (text: string) =>
          text
            .split('Connections dump:')[0]!
            .split('\n')
            .filter((line) => !/expire at/.test(line))
            .map((line) => line.replace(/^Session Sets \(\d+\)/, 'Session Sets (N)'))
            .sort();
        expect(listed(ours)).toEqual(listed(theirs));
        expect(ours).toContain(role === 'leader' ? '\nSession Sets (' : '\nGlobal Sessions(3):\n');
      });

      it('mntr has the same of what tells about roles, and no name that is not Apache ZooKeeper’s', async () => {
        const [known, said] = (await both(role, 'mntr')).map(monitored) as [
          Map<string, string>,
          Map<string, string>,
        ];
        const shape = (value: string | undefined) => value?.replace(/\d+/g, '0').replace(/^(-?0\.0).*/, '$1');
        for (const [name, value] of said) {
          expect(known.has(name), `${name} is no name of Apache ZooKeeper`).toBe(true);
          if (name !== 'zk_version') expect([name, shape(value)]).toEqual([name, shape(known.get(name))]);
        }
        const same = [...known.keys()].filter((name) => SAME.test(name));
        expect(same.length).toBeGreaterThan(role === 'leader' ? 20 : 12);
        for (const name of same) expect([name, said.get(name)]).toEqual([name, known.get(name)]);
      });
    });

    it('srst resets what a leader counts', async () => {
      const said = await both('leader', 'srst');
      expect(said).toEqual(['Server stats reset.\n', 'Server stats reset.\n']);
      for (const word of ['srvr', 'mntr'] as const) {
        const [theirs, ours] = await both('leader', word);
        if (word === 'srvr') {
          expect(ours).toBe(theirs);
          expect(ours).toContain('Proposal sizes last/min/max: -1/-1/-1');
          continue;
        }
        for (const name of [
          'zk_proposal_count',
          'zk_commit_count',
          'zk_looking_count',
          'zk_cnt_election_time',
        ]) {
          expect([name, monitored(ours).get(name)]).toEqual([name, monitored(theirs).get(name)]);
        }
      }
    });
  });

  it('a member without a leader answers the same words, and the same', async () => {
    using built = buildPackage();
    const { main } = built;
    const two = (kind: Kind) => MixedEnsemble.create({ members: members(kind).slice(0, 2), main });
    await using java = await two('java');
    await using own = await two('ours');
    for (const ensemble of [java, own]) ensemble.spawn(1);
    const ask = (ensemble: MixedEnsemble, word: string) => fourLetterWord(ensemble.port(1), word);
    for (const ensemble of [java, own]) {
      await eventually(
        'the client port is open',
        async () => (await ask(ensemble, 'ruok').catch(() => '')) === 'imok',
        60_000,
      );
    }
    for (const word of fourLetterWords) {
      // This server has no trace mask, with a leader or without.
      if (word === 'gtmk' || word === 'stmk') continue;
      const [theirs, ours] = [await ask(java, word), await ask(own, word)];
      if (word === 'envi') expect(ours.split('\n')[0]).toEqual(theirs.split('\n')[0]);
      else expect([word, ours]).toEqual([word, theirs]);
    }
  }, 180_000);
}

/** Lines whose values must be equal after the same history. */
const SAME = new RegExp(
  `^zk_(${[
    'server_state|peer_state|quorum_size|observer_master_id|learners|synced_.*|pending_syncs',
    'last_proposal_size|min_proposal_size|max_proposal_size|proposal_count|commit_count',
    'learner_proposal_received_count|learner_commit_received_count|znode_count|watch_count',
    'ephemerals_count|approximate_data_size|global_sessions|local_sessions|outstanding_requests',
    'revalidate_count|connection_revalidate_count',
  ].join('|')})$`,
);
