import { describe, expect, it } from 'vitest';
import { defaultConfig, type ServerConfig } from '../../core/config.ts';
import { ignoredKeys } from '../../core/zoo-cfg/ignored.ts';
import { keys } from '../../core/zoo-cfg/keys.ts';
import { ConfigError, parseZooCfg } from '../../core/zoo-cfg.ts';

const BASE = 'dataDir=/data\nclientPort=2181\n';

function parse(text: string, files: Record<string, string> = {}) {
  return parseZooCfg(text, 'zoo.cfg', (path) => files[path] ?? null);
}

function problemsOf(text: string, files: Record<string, string> = {}): readonly string[] {
  try {
    parse(text, files);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error(`nothing wrong was found in:\n${text}`);
}

describe('zoo.cfg', () => {
  it('yields the defaults for the two keys that have none', () => {
    const { config, warnings } = parse(BASE);
    expect(warnings).toEqual([]);
    expect(config).toEqual({
      ...defaultConfig,
      dataDir: '/data',
      dataLogDir: '/data',
      initialConfig: 'dataDir=/data\nclientPort=2181\n',
    });
  });

  it('takes the configuration of a Debian package as it is', () => {
    const { config, warnings } = parse(
      `# The number of milliseconds of each tick
tickTime=2000
initLimit=10
syncLimit=5
dataDir=/var/lib/zookeeper
# Place the dataLogDir to a separate physical disc for better performance
# dataLogDir=/disk2/zookeeper
clientPort=2181
#server.1=zookeeper1:2888:3888
# leaderServes=yes
`,
    );
    expect(warnings).toEqual([]);
    expect(config.dataDir).toBe('/var/lib/zookeeper');
    expect(config.minSessionTimeoutMs).toBe(4000);
    expect(config.maxSessionTimeoutMs).toBe(40_000);
  });

  const cases: [line: string, field: keyof ServerConfig, value: unknown][] = [
    ['dataLogDir=/log', 'dataLogDir', '/log'],
    ['clientPort=0', 'clientPort', 0],
    ['clientPortAddress=127.0.0.1', 'clientPortAddress', '127.0.0.1'],
    ['clientPortListenBacklog=128', 'clientPortListenBacklog', 128],
    ['tickTime=500', 'tickTimeMs', 500],
    ['minSessionTimeout=1000', 'minSessionTimeoutMs', 1000],
    ['maxSessionTimeout=90000', 'maxSessionTimeoutMs', 90_000],
    ['minSessionTimeout=-1', 'minSessionTimeoutMs', 4000],
    ['maxSessionTimeout=-1', 'maxSessionTimeoutMs', 40_000],
    ['maxClientCnxns=0', 'maxClientCnxns', 0],
    ['maxCnxns=7', 'maxCnxns', 7],
    ['snapCount=1000', 'snapCount', 1000],
    ['preAllocSize=1024', 'preAllocSizeBytes', 1024 * 1024],
    ['snapSizeLimitInKb=64', 'snapSizeLimitBytes', 65_536],
    ['forceSync=no', 'forceSync', false],
    ['forceSync=yes', 'forceSync', true],
    ['fsync.warningthresholdms=50', 'fsyncWarningThresholdMs', 50],
    ['autopurge.snapRetainCount=5', 'autopurgeSnapRetainCount', 5],
    ['autopurge.purgeInterval=24', 'autopurgePurgeIntervalHours', 24],
    ['autopurge.purgeInterval=30m', 'autopurgePurgeIntervalHours', 0.5],
    ['snapshot.trust.empty=true', 'snapshotTrustEmpty', true],
    ['digest.enabled=false', 'digestEnabled', false],
    ['extendedTypesEnabled=true', 'extendedTypesEnabled', true],
    ['znode.container.checkIntervalMs=2000', 'containerCheckIntervalMs', 2000],
    ['znode.container.maxPerMinute=5', 'containerMaxPerMinute', 5],
    ['znode.container.maxNeverUsedIntervalMs=9', 'containerMaxNeverUsedIntervalMs', 9],
    ['enforceQuota=TRUE', 'enforceQuota', true],
    ['skipACL=yes', 'skipAcl', true],
    ['globalOutstandingLimit=10', 'globalOutstandingLimit', 10],
    ['jute.maxbuffer=0x100000', 'juteMaxBufferBytes', 1 << 20],
    ['datadir.autocreate=false', 'dataDirAutocreate', false],
    ['DigestAuthenticationProvider.enabled=false', 'digestAuthEnabled', false],
    [
      'DigestAuthenticationProvider.superDigest=super:D/InIHSb7yEEbrWz8b9l71RjZJU=',
      'superDigest',
      'super:D/InIHSb7yEEbrWz8b9l71RjZJU=',
    ],
    ['4lw.commands.whitelist=stat, ruok ,,srvr', 'fourLetterWordWhitelist', ['srvr', 'stat', 'ruok']],
    ['4lw.commands.whitelist=*', 'fourLetterWordWhitelist', ['srvr', '*']],
  ];

  it.each(cases)('%s', (line, field, value) => {
    const needs = [
      ['dataDir', '/data'],
      ['clientPort', '2181'],
    ].filter(([key]) => !line.startsWith(`${key}=`));
    const text = needs.map((pair) => pair.join('=')).join('\n');
    for (const prefix of ['', 'zookeeper.']) {
      const { config, warnings } = parse(`${text}\n${prefix}${line}`);
      expect(config[field]).toEqual(value);
      expect(warnings).toEqual([]);
    }
  });

  it('has a test for each key that sets a field', () => {
    const inEnsemble = new Set([
      ...['initLimit', 'syncLimit', 'connectToLearnerMasterLimit', 'peerType', 'cnxTimeout', 'electionAlg'],
      ...['electionPortBindRetry', 'quorumListenOnAllIPs', 'standaloneEnabled', 'reconfigEnabled'],
      ...['leaderServes', 'syncEnabled', 'commitLogCount', 'localSessionsEnabled'],
      ...['localSessionsUpgradingEnabled', 'snapshotSizeFactor', 'readonlymode.enabled'],
    ]);
    const withoutField = new Set([
      ...['dataDir', 'snapshot.compression.method', 'DigestAuthenticationProvider.digestAlg', 'audit.enable'],
      ...['sessionRequireClientSASLAuth', 'enforce.auth.enabled', 'emulate353TTLNodes', 'sslQuorum'],
      ...['quorum.auth.enableSasl', 'quorum.auth.serverRequireSasl', 'quorum.auth.learnerRequireSasl'],
      ...['admin.enableServer'],
    ]);
    const tested = new Set(cases.map(([line]) => line.split('=')[0]!));
    const untested = [...keys.keys()].filter(
      (key) => !tested.has(key) && !inEnsemble.has(key) && !withoutField.has(key),
    );
    expect(untested).toEqual([]);
  });

  it('keeps what concerns an ensemble', () => {
    const { config, warnings } = parse(`${BASE}initLimit=20\nsyncLimit=3\npeerType=OBSERVER\ncnxTimeout=100
connectToLearnerMasterLimit=4\nelectionAlg=3\nelectionPortBindRetry=0\nquorumListenOnAllIPs=true
leaderServes=no\ncommitLogCount=600\nsnapshotSizeFactor=1.5`);
    expect(warnings).toEqual([]);
    expect(config.ensemble).toEqual({
      servers: [],
      groups: [],
      weights: [],
      initLimitTicks: 20,
      syncLimitTicks: 3,
      connectToLearnerMasterLimitTicks: 4,
      peerType: 'observer',
      electionCnxTimeoutMs: 100,
      electionPortBindRetry: 0,
      quorumListenOnAllIPs: true,
      leaderServes: false,
      commitLogCount: 600,
      snapshotSizeFactor: 1.5,
      readOnlyModeEnabled: false,
    });
  });

  it.each([
    'standaloneEnabled=false',
    'reconfigEnabled=true',
    'syncEnabled=false',
    'localSessionsEnabled=true',
    'localSessionsUpgradingEnabled=true',
    'readonlymode.enabled=true',
  ])('says that %s cannot be had', (line) => {
    const { warnings } = parse(BASE + line);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(`zoo.cfg:3: ${line}: `);
  });

  it('answers isro where read-only mode was asked for', () => {
    const { config } = parse(`${BASE}readonlymode.enabled=true`);
    expect(config.fourLetterWordWhitelist).toEqual(['srvr', 'isro']);
  });

  it('derives session timeouts from the tick', () => {
    const { config } = parse(`${BASE}tickTime=100`);
    expect([config.minSessionTimeoutMs, config.maxSessionTimeoutMs]).toEqual([200, 2000]);
  });

  it('reads the id of the server from myid', () => {
    expect(parse(BASE, { '/data/myid': '7\n' }).config.serverId).toBe(7);
    expect(problemsOf(BASE, { '/data/myid': 'seven\n' })).toEqual([
      '/data/myid:1: not an integer, expected the number of this server as in server.N',
    ]);
  });

  it('keeps secrets out of what conf and logs show', () => {
    const line = 'DigestAuthenticationProvider.superDigest=super:D/InIHSb7yEEbrWz8b9l71RjZJU=\n';
    expect(parse(BASE + line).config.initialConfig).toBe(BASE);
    expect(problemsOf(`${BASE}DigestAuthenticationProvider.superDigest=super:hunter2`)[0]).not.toContain(
      'hunter2',
    );
  });
});

describe('what is wrong in a zoo.cfg', () => {
  it.each([
    ['tickTime=fast', 'not an integer, expected an integer from 1 to 2147483647'],
    ['tickTime=0', 'too small, expected an integer from 1 to 2147483647'],
    ['tickTime=-5', 'too small, expected an integer from 1 to 2147483647'],
    ['tickTime=2147483648', 'too large, expected an integer from 1 to 2147483647'],
    ['tickTime=', 'not an integer, expected an integer from 1 to 2147483647'],
    ['clientPort=65536', 'too large, expected an integer from 0 to 65535'],
    ['clientPort=2181x', 'not an integer, expected an integer from 0 to 65535'],
    ['clientPortAddress=', 'empty, expected a value'],
    ['minSessionTimeout=0', 'a session cannot time out at once, expected milliseconds, or -1'],
    ['maxSessionTimeout=-2', 'too small, expected an integer from -1 to 2147483647'],
    ['maxClientCnxns=many', 'not an integer, expected an integer from 0 to 2147483647'],
    ['dataLogDir=', 'empty, expected the path of a directory'],
    ['extendedTypesEnabled=yes', 'not a truth value, expected true or false'],
    ['forceSync=false', 'not a yes or no, expected yes or no'],
    ['skipACL=true', 'not a yes or no, expected yes or no'],
    ['autopurge.purgeInterval=soon', 'not an interval, expected hours, or a number with ms, s, m, h or d'],
    ['electionAlg=0', 'not known, expected 3, the only election algorithm left in ZooKeeper'],
    ['peerType=leader', 'not known, expected participant or observer'],
    ['snapshot.compression.method=zip', 'not known, expected CHECKED or gz or snappy'],
  ])('%s', (line, reason) => {
    const lineOf = line.startsWith('clientPort=') ? 1 : 3;
    const text = lineOf === 1 ? `${line}\ndataDir=/data` : BASE + line;
    expect(problemsOf(text)).toEqual([`zoo.cfg:${lineOf}: ${line}: ${reason}`]);
  });

  it.each([
    'sessionRequireClientSASLAuth=true',
    'enforce.auth.enabled=true',
    'sslQuorum=true',
    'quorum.auth.enableSasl=true',
    'emulate353TTLNodes=true',
    'DigestAuthenticationProvider.digestAlg=SHA-256',
  ])('%s is refused rather than not enforced', (line) => {
    expect(problemsOf(BASE + line)).toEqual([expect.stringContaining(`zoo.cfg:3: ${line}: `)]);
    expect(
      parse(`${BASE}${line.replace(/=.*/, line.includes('Alg') ? '=SHA1' : '=false')}`).warnings,
    ).toEqual([]);
  });

  it('is told all at once, with what is missing', () => {
    expect(problemsOf('tickTime=x\nmaxCnxns=y')).toEqual([
      'zoo.cfg:1: tickTime=x: not an integer, expected an integer from 1 to 2147483647',
      'zoo.cfg:2: maxCnxns=y: not an integer, expected an integer from 0 to 2147483647',
      'zoo.cfg: dataDir is missing, expected dataDir=/path/to/a/directory',
      'zoo.cfg: clientPort is missing, expected clientPort=2181',
    ]);
  });

  it('contradictory session timeouts name the line', () => {
    expect(problemsOf(`${BASE}minSessionTimeout=5000\nmaxSessionTimeout=4000`)).toEqual([
      'zoo.cfg:4: maxSessionTimeout=4000: minSessionTimeout is 5000 ms and maxSessionTimeout 4000 ms, expected a minimum that is not above the maximum (2 and 20 times tickTime unless given)',
    ]);
  });

  it('an unknown key is warned about with the nearest name', () => {
    const { warnings } = parse(`${BASE}tickTme=3000\nautopurge.snapretainCount=4\nfrobnicate=1`);
    expect(warnings).toEqual([
      'zoo.cfg:3: tickTme=3000: unknown key, not used; did you mean tickTime?',
      'zoo.cfg:4: autopurge.snapretainCount=4: unknown key, not used; did you mean autopurge.snapRetainCount?',
      'zoo.cfg:5: frobnicate=1: unknown key, not used',
    ]);
  });

  it('a known key without effect is accepted with a note, and a family of them too', () => {
    const text = [...ignoredKeys.keys()].map((key) => `${key}=1\n`).join('');
    const { warnings } = parse(
      `${BASE}${text}ssl.keyStore.location=/k\nauthProvider.sasl=org.x.Y\nmetricsProvider.httpPort=7000`,
    );
    expect(warnings).toHaveLength(ignoredKeys.size + 3);
    for (const warning of warnings) expect(warning).toContain('accepted without effect: ');
  });

  it('no key is both used and ignored', () => {
    expect([...keys.keys()].filter((key) => ignoredKeys.has(key))).toEqual([]);
  });

  it('a repeated key is warned about, and its last value counts', () => {
    const { config, warnings } = parse(`${BASE}tickTime=1000\nzookeeper.tickTime=3000`);
    expect(config.tickTimeMs).toBe(3000);
    expect(warnings).toEqual([
      'zoo.cfg:4: zookeeper.tickTime=3000: given again, the value of line 3 is not used',
    ]);
  });

  it('values below a floor are raised with a note', () => {
    const { config, warnings } = parse(`${BASE}autopurge.snapRetainCount=1\nsnapCount=1`);
    expect([config.autopurgeSnapRetainCount, config.snapCount]).toEqual([3, 2]);
    expect(warnings).toHaveLength(2);
  });

  it('an interval that no timer can hold is shortened with a note', () => {
    const { config, warnings } = parse(`${BASE}autopurge.purgeInterval=720`);
    expect(config.autopurgePurgeIntervalHours * 3_600_000).toBeLessThan(2 ** 31);
    expect(warnings).toEqual(['zoo.cfg:3: autopurge.purgeInterval=720: at most 596 hours; that is used']);
  });
});

describe('members of an ensemble', () => {
  const THREE = `${BASE}initLimit=5\nsyncLimit=2
server.1=a:2888:3888
server.3=[fe80::1]:2888:3888:observer;[::1]:2183
server.2=b:2888:3888:participant;2182;b:2281
`;

  it('are kept, typed and in order', () => {
    const { config } = parse(THREE.replace('clientPort=2181', ''), { '/data/myid': '2\n' });
    expect([config.serverId, config.clientPort]).toEqual([2, 2182]);
    expect(config.ensemble.servers).toEqual([
      {
        id: 1,
        addresses: [{ host: 'a', quorumPort: 2888, electionPort: 3888 }],
        role: 'participant',
        clientAddress: null,
        secureClientAddress: null,
      },
      {
        id: 2,
        addresses: [{ host: 'b', quorumPort: 2888, electionPort: 3888 }],
        role: 'participant',
        clientAddress: { host: null, port: 2182 },
        secureClientAddress: { host: 'b', port: 2281 },
      },
      {
        id: 3,
        addresses: [{ host: 'fe80::1', quorumPort: 2888, electionPort: 3888 }],
        role: 'observer',
        clientAddress: { host: '::1', port: 2183 },
        secureClientAddress: null,
      },
    ]);
  });

  it('may have several addresses, groups and weights', () => {
    const { config } = parse(
      `${BASE}server.1=a:1:2|b:3:4\ngroup.1=1:2:3\ngroup.2=4:5\nweight.1=2\nweight.1=0\n`,
    );
    expect(config.ensemble.servers[0]?.addresses).toEqual([
      { host: 'a', quorumPort: 1, electionPort: 2 },
      { host: 'b', quorumPort: 3, electionPort: 4 },
    ]);
    expect(config.ensemble.groups).toEqual([
      { id: 1, servers: [1, 2, 3] },
      { id: 2, servers: [4, 5] },
    ]);
    expect(config.ensemble.weights).toEqual([{ server: 1, weight: 0 }]);
  });

  it('come from a dynamic file', () => {
    const text = 'dataDir=/data\ndynamicConfigFile=/etc/zoo.cfg.dynamic\n';
    const { config } = parse(text, {
      '/etc/zoo.cfg.dynamic': 'server.4=h:2888:3888:participant;127.0.0.1:2191\nversion=100000000',
      '/data/myid': '4',
    });
    expect(config.clientPort).toBe(2191);
    expect(config.clientPortAddress).toBe('127.0.0.1');
    expect(problemsOf(`${BASE}dynamicConfigFile=/gone`)).toEqual([
      'zoo.cfg:3: dynamicConfigFile=/gone: no such file, expected a file with the server.N lines',
    ]);
    expect(problemsOf(`${BASE}server.1=h:1:2\ndynamicConfigFile=/d`, { '/d': 'tickTime=1' })).toEqual([
      'zoo.cfg:3: server.1=h:1:2: members belong into the file that dynamicConfigFile names, expected the line in that file',
      '/d:1: tickTime=1: not a key of a dynamic file, expected server.N, group.N, weight.N or version',
    ]);
  });

  it('a client port in two places must be the same', () => {
    const text = `${BASE}server.1=a:2888:3888;2999`;
    expect(problemsOf(text, { '/data/myid': '1' })).toEqual([
      'zoo.cfg: clientPort=2181 and server.1 with client port 2999 contradict each other, expected one of them',
    ]);
  });

  it('a line says more about a role than peerType does', () => {
    const { warnings } = parse(`${THREE}peerType=observer`, { '/data/myid': '1' });
    expect(warnings).toEqual([
      'zoo.cfg:8: peerType=observer: server.1 is a participant by its line; that is used',
    ]);
  });

  it('two voters need limits', () => {
    const text = `${BASE}server.1=a:2888:3888\nserver.2=b:2888:3888`;
    expect(problemsOf(text, { '/data/myid': '1' })).toEqual([
      'zoo.cfg: initLimit is missing, expected initLimit=10 or another number of ticks',
      'zoo.cfg: syncLimit is missing, expected syncLimit=10 or another number of ticks',
    ]);
  });

  it.each([
    [null, 'no such file, expected one with the number of this server as in server.N'],
    ['4', '4, expected a number that has a line: server.1, server.2, server.3'],
    ['one', 'not an integer, expected the number of this server as in server.N'],
  ])('a member must know which one it is: myid of %s', (myid, problem) => {
    const files: Record<string, string> = myid === null ? {} : { '/data/myid': myid };
    const problems = problemsOf(THREE, files);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^\/data\/myid(:1)?: /);
    expect(problems[0]).toContain(problem);
  });

  it.each([
    ['server.x=a:1:2', 'x is not a number'],
    ['server.1=a:1', 'a:1 is not an address of a server'],
    ['server.1=', 'nothing is not an address of a server'],
    ['server.1=:1:2', 'the host is empty'],
    ['server.1=a:1:1', 'quorum port and election port are the same'],
    ['server.1=a:1:2:boss', 'boss is not a role'],
    ['server.1=a:1:b', 'not an integer'],
    ['server.1=a:1:2;x:y:z', 'x:y:z is not an address for clients'],
    ['server.1=a:1:2;1;2;3', 'more than three parts between semicolons'],
    ['server.1=a:1:2:participant|b:1:2:observer', 'the addresses of one server have different roles'],
    ['weight.1=heavy', 'not an integer'],
    ['group.1=1:b', 'not an integer'],
  ])('%s is refused', (line, reason) => {
    expect(problemsOf(BASE + line)[0]).toContain(`zoo.cfg:3: ${line}: ${reason}, expected `);
  });

  it('observers need voters', () => {
    expect(problemsOf(`${BASE}server.1=a:1:2:observer`)).toEqual([
      'zoo.cfg: only observers are named, expected at least one participant',
    ]);
    expect(problemsOf(`${BASE}server.1=a:1:2:observer\nserver.2=b:1:2`)).toEqual([
      'zoo.cfg: observers of a single voter, expected at least two participants',
    ]);
  });
});
