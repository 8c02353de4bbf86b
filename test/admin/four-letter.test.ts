import { describe, expect, it } from 'vitest';
import { fourLetterReply } from '../../core/admin/four-letter.ts';
import { FULL_VERSION, ZOOKIT_VERSION } from '../../core/version.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { type FourLetterWord, fourLetterWords } from '../../wire/four-letter.ts';
import { recordedView } from './fake-view.ts';

function ask(word: FourLetterWord, changes: Parameters<typeof recordedView>[0] = {}): string {
  const view = recordedView(changes);
  return fourLetterReply(word, ['*'], view, view);
}

const SERVER = `Latency min/avg/max: 0/1.7143/7
Received: 16
Sent: 15
Connections: 3
Outstanding: 0
Zxid: 0x7
Mode: standalone
Node count: 10
`;

describe('four-letter words, as Apache ZooKeeper prints them', () => {
  it('ruok and isro end without a newline', () => {
    expect(ask('ruok')).toBe('imok');
    expect(ask('isro')).toBe('rw');
    expect(ask('isro', { mode: 'read-only' })).toBe('ro');
  });

  it('srvr', () => {
    expect(ask('srvr')).toBe(`Zookeeper version: ${FULL_VERSION}\n${SERVER}`);
  });

  it('stat has the connections in front', () => {
    expect(ask('stat')).toBe(`Zookeeper version: ${FULL_VERSION}
Clients:
 /127.0.0.1:39968[1](queued=0,recved=5,sent=5)
 /127.0.0.1:39956[1](queued=0,recved=9,sent=9)
 /127.0.0.1:40030[0](queued=0,recved=1,sent=0)

${SERVER}`);
  });

  it('says when it only reads', () => {
    expect(ask('srvr', { mode: 'read-only' }).split('\n')[1]).toBe(
      'READ-ONLY mode; serving only read-only clients',
    );
  });

  it('cons', () => {
    expect(ask('cons')).toBe(
      ` /127.0.0.1:39968[1](queued=0,recved=5,sent=5,sid=0x1000011724e0001,lop=EXIS,est=1795345225235,to=10000,lcxid=0x4,lzxid=0x7,lresp=1147362,llat=0,minlat=0,avglat=0,maxlat=1)
 /127.0.0.1:39956[1](queued=0,recved=9,sent=9,sid=0x1000011724e0000,lop=NA,est=1795345225235,to=10000,lzxid=0xffffffffffffffff,lresp=0,llat=0,minlat=0,avglat=0,maxlat=0)
 /127.0.0.1:40030[0](queued=0,recved=1,sent=0)

`,
    );
  });

  it('dump', () => {
    expect(ask('dump')).toBe(`SessionTracker dump:
Session Sets (1)/(2):
2 expire at Sun Nov 22 11:00:35 UTC 2026:
\t0x1000011724e0000
\t0x1000011724e0001
ephemeral nodes dump:
Sessions with Ephemerals (2):
0x1000011724e0001:
\t/b
0x1000011724e0000:
\t/a/e
\t/a/f
Connections dump:
Connections Sets (1)/(3):
\tip: /127.0.0.1:39968 sessionId: 0x1000011724e0001
\tip: /127.0.0.1:39956 sessionId: 0x1000011724e0000
\tip: /127.0.0.1:40030 sessionId: 0x0
`);
  });

  it('dump orders sessions by their expiry', () => {
    const sessions = () => [
      { id: 1n, timeoutMs: 4000, expiresAtMs: 2000 },
      { id: 2n, timeoutMs: 4000, expiresAtMs: 1000 },
      { id: -1n, timeoutMs: 4000, expiresAtMs: 2000 },
    ];
    expect(ask('dump', { sessions }).split('ephemeral')[0]).toBe(`SessionTracker dump:
Session Sets (2)/(3):
1 expire at Thu Jan 01 00:00:01 UTC 1970:
\t0x2
2 expire at Thu Jan 01 00:00:02 UTC 1970:
\t0x1
\t0xffffffffffffffff
`);
  });

  it('wchs, wchc and wchp', () => {
    expect(ask('wchs')).toBe('2 connections watching 2 paths\nTotal watches:3\n');
    expect(ask('wchc')).toBe('0x1000011724e0001\n\t/a/b\n\t/nope\n0x1000011724e0000\n\t/a/b\n\n');
    expect(ask('wchp')).toBe(
      '/a/b\n\t0x1000011724e0001\n\t0x1000011724e0000\n/nope\n\t0x1000011724e0001\n\n',
    );
  });

  it('conf, envi, dirs and hash', () => {
    expect(ask('conf')).toBe(`clientPort=23181
secureClientPort=-1
dataDir=/tmp/data/version-2
dataDirSize=100
dataLogDir=/tmp/log/version-2
dataLogSize=67109337
tickTime=2000
maxClientCnxns=60
minSessionTimeout=4000
maxSessionTimeout=40000
clientPortListenBacklog=-1
serverId=0
`);
    expect(ask('envi')).toBe(
      `Environment:\nzookeeper.version=${FULL_VERSION}\nhost.name=localhost\nos.name=Linux\n`,
    );
    expect(ask('dirs')).toBe('datadir_size: 100\nlogdir_size: 67109337\n');
    expect(ask('hash')).toBe('80: 1371985504\n');
  });

  it('mntr has a name, a tab and a number in each line after the first two', () => {
    const [version, state, ...numbers] = ask('mntr').trimEnd().split('\n');
    expect(version).toBe(`zk_version\t${FULL_VERSION}`);
    expect(state).toBe('zk_server_state\tstandalone');
    for (const line of numbers) expect(line).toMatch(/^zk_[a-z_]+\t\d+(\.\d+)?$/);
    const values = Object.fromEntries(numbers.map((line) => line.split('\t')));
    expect(values).toMatchObject({
      zk_avg_latency: '1.7143',
      zk_max_latency: '7',
      zk_min_latency: '0',
      zk_packets_received: '16',
      zk_packets_sent: '15',
      zk_num_alive_connections: '3',
      zk_outstanding_requests: '0',
      zk_uptime: '4075',
      zk_znode_count: '10',
      zk_watch_count: '4',
      zk_ephemerals_count: '3',
      zk_approximate_data_size: '63',
      zk_global_sessions: '2',
      zk_local_sessions: '0',
      zk_open_file_descriptor_count: '41',
      zk_max_file_descriptor_count: '20000',
      zk_avg_readlatency: '1.7143',
      zk_cnt_readlatency: '7',
      zk_sum_readlatency: '12',
      zk_avg_updatelatency: '0.0',
    });
    expect(ask('mntr', { fileDescriptors: () => null })).not.toContain('descriptor');
  });

  it('srst and crst reset what they name and nothing else', () => {
    const view = recordedView();
    const before = [...view.connections()].map(({ stats }) => stats.packetsReceived);
    expect(fourLetterReply('srst', ['*'], view, view)).toBe('Server stats reset.\n');
    expect(fourLetterReply('srvr', ['*'], view, view)).toContain(
      'Latency min/avg/max: 0/0.0/0\nReceived: 0\nSent: 0\n',
    );
    expect([...view.connections()].map(({ stats }) => stats.packetsReceived)).toEqual(before);
    expect(before).toEqual([5, 9, 1]);

    view.stats.packetsReceived = 3;
    expect(fourLetterReply('crst', ['*'], view, view)).toBe('Connection stats reset.\n');
    const connections = [...view.connections()].map(({ stats }) => stats);
    expect(
      connections.map((stats) => [stats.packetsReceived, stats.latencyMs.count, stats.lastCxid]),
    ).toEqual([...before].map(() => [0, 0, -1]));
    expect(view.stats.packetsReceived).toBe(3);
  });
});

describe('who may ask what', () => {
  it('only srvr unless the whitelist says more', () => {
    for (const word of fourLetterWords) {
      const reply = fourLetterReply(word, [], recordedView(), recordedView());
      if (word === 'srvr') expect(reply).toContain('Mode: standalone');
      else expect(reply).toBe(`${word} is not executed because it is not in the whitelist.\n`);
    }
    expect(fourLetterReply('stat', ['ruok', 'stat'], recordedView(), recordedView())).toContain('Clients:');
  });

  it('a server that is not serving says so, but to words about its process', () => {
    const view = recordedView();
    const about: Partial<Record<FourLetterWord, string>> = { ruok: 'imok', isro: 'null' };
    for (const word of ['envi', 'gtmk', 'stmk'] as const)
      about[word] = fourLetterReply(word, ['*'], view, view);
    about.hash = 'This ZooKeeper instance is not currently serving requests';
    for (const word of fourLetterWords) {
      const expected = about[word] ?? 'This ZooKeeper instance is not currently serving requests\n';
      expect([word, fourLetterReply(word, ['*'], view, null)]).toEqual([word, expected]);
    }
    expect(fourLetterReply('stat', [], view, null)).toContain('not in the whitelist');
  });

  it('every word has an answer', () => {
    for (const word of fourLetterWords) expect(ask(word)).not.toBe('');
  });
});

it('the version is that of the package', () => {
  expect(ZOOKIT_VERSION).toBe(packageJson.version);
});
