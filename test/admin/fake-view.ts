import { ConnectionStats, ServerStats } from '../../core/admin/stats.ts';
import type { ConnectionView, ServerView } from '../../core/admin/view.ts';
import { defaultConfig } from '../../core/config.ts';
import { OpCode } from '../../wire/opcodes.ts';

/** A view with the figures that an Apache ZooKeeper had when the golden texts were recorded from it. */
export function recordedView(changes: Partial<ServerView> = {}): ServerView {
  const connections = recordedConnections();
  const stats = new ServerStats();
  stats.packetsReceived = 16;
  stats.packetsSent = 15;
  for (const ms of [0, 0, 1, 1, 1, 2, 7]) stats.read(ms);
  return {
    config: {
      ...defaultConfig,
      dataDir: '/tmp/data',
      dataLogDir: '/tmp/log',
    },
    stats,
    mode: 'standalone',
    ensemble: null,
    clientPort: 23181,
    uptimeMs: 4075.9,
    lastProcessedZxid: 7,
    outstandingRequests: 0,
    nodeCount: 10,
    approximateDataBytes: 63,
    ephemeralCount: 3,
    sessionCount: 2,
    localSessionCount: 0,
    connectionCount: 3,
    watchCount: 4,
    connections: () => connections,
    sessions: () => [
      { id: 0x1000011724e0000n, timeoutMs: 10_000, expiresAtMs: Date.UTC(2026, 10, 22, 11, 0, 35) },
      { id: 0x1000011724e0001n, timeoutMs: 10_000, expiresAtMs: Date.UTC(2026, 10, 22, 11, 0, 35) },
    ],
    ephemerals: () => [
      [0x1000011724e0001n, ['/b']],
      [0x1000011724e0000n, ['/a/e', '/a/f']],
    ],
    dataWatches: () => [
      [0x1000011724e0001n, ['/a/b', '/nope']],
      [0x1000011724e0000n, ['/a/b']],
    ],
    digests: () => [{ zxid: 0x80, digest: 1371985504n }],
    diskUse: () => ({ dataDirBytes: 100, logDirBytes: 67_109_337 }),
    fileDescriptors: () => ({ open: 41, max: 20_000 }),
    environment: () => [
      ['host.name', 'localhost'],
      ['os.name', 'Linux'],
    ],
    ...changes,
  };
}

function connection(
  remoteAddress: string,
  sessionId: bigint,
  stats: Partial<ConnectionStats>,
): ConnectionView {
  return {
    remoteAddress,
    sessionId,
    sessionTimeoutMs: 10_000,
    establishedMs: 1795345225235,
    outstanding: 0,
    reading: sessionId !== 0n,
    writing: false,
    stats: Object.assign(new ConnectionStats(), stats),
  };
}

function recordedConnections(): ConnectionView[] {
  const first = connection('127.0.0.1:39968', 0x1000011724e0001n, { packetsReceived: 5, packetsSent: 5 });
  for (const ms of [1, 0, 0]) first.stats.answered(4, 7, OpCode.exists, ms, 1147362.4);
  return [
    first,
    connection('127.0.0.1:39956', 0x1000011724e0000n, { packetsReceived: 9, packetsSent: 9 }),
    connection('127.0.0.1:40030', 0n, { packetsReceived: 1 }),
  ];
}
