import { ServerStats } from '../../core/admin/stats.ts';
import { AuthProviders } from '../../core/auth/providers.ts';
import { defaultConfig, type ServerConfig } from '../../core/config.ts';
import { Driver } from '../../core/driver.ts';
import { DiskSnapshots } from '../../core/io/disk-snapshot.ts';
import { sha1Base64 } from '../../core/io/system-clock.ts';
import type { Connection } from '../../core/pipeline/connection.ts';
import { type ClientLink, silentLogger } from '../../core/ports.ts';
import { openLog } from '../../core/restore.ts';
import { type Recovered, recover } from '../../core/storage/recovery.ts';
import { TreeRestorer } from '../../core/tree/restore.ts';
import type { DataTree } from '../../core/tree/tree.ts';
import { FakeClient, type LinkAcceptor } from './fake-client.ts';
import { writeFirstSnapshot } from './first-snapshot.ts';
import { Rng } from './seed.ts';
import { SimulatedFiles } from './simulated-files.ts';
import { VirtualTime } from './virtual-time.ts';

export interface SimulatedServerOptions {
  readonly files?: SimulatedFiles;
  readonly time?: VirtualTime;
  readonly rng?: Rng;
  readonly config?: Partial<ServerConfig>;
}

export const SIMULATED_CONFIG: ServerConfig = {
  ...defaultConfig,
  dataDir: '/data',
  dataLogDir: '/data',
  tickTimeMs: 1000,
  minSessionTimeoutMs: 2000,
  maxSessionTimeoutMs: 40_000,
  maxClientCnxns: 0,
  extendedTypesEnabled: true,
  preAllocSizeBytes: 64 * 1024,
};

/**
 * A whole server below the sockets: recovery, driver, log and snapshots on a simulated disk and a virtual clock. Nothing
 * happens by itself: `settle` does all there is to do, `step` one thing.
 */
export class SimulatedServer implements LinkAcceptor {
  readonly files: SimulatedFiles;
  readonly time: VirtualTime;
  readonly config: ServerConfig;
  readonly recovered: Recovered;
  readonly restoredMismatches: number;
  readonly tree: DataTree;
  readonly stats = new ServerStats();
  readonly driver: Driver;
  /** What was appended to the log in this life, in its form there; only kept where `snapCount` is set. */
  readonly logged: Buffer[] = [];
  /** What the server reported as fatal; it must be one error at most. */
  readonly failures: Error[] = [];

  /** Recovers what the files hold and starts. Throws what recovery throws. */
  constructor(options: SimulatedServerOptions = {}) {
    const rng = options.rng ?? new Rng(1);
    this.files = options.files ?? new SimulatedFiles(rng.fork());
    this.time = options.time ?? new VirtualTime();
    this.config = { ...SIMULATED_CONFIG, ...options.config };
    const directories = { snapshotDirectory: '/data/version-2', logDirectory: '/data/version-2' };
    const treeOptions = {
      extendedTypes: true,
      digestEnabled: this.config.digestEnabled,
      hashSeed: rng.next(),
    };
    const restorer = new TreeRestorer(treeOptions, silentLogger);
    const { snapshotTrustEmpty } = this.config;
    this.recovered = recover(
      this.files,
      { ...directories, snapshotTrustEmpty, logger: silentLogger },
      restorer,
    );
    this.restoredMismatches = restorer.mismatches;
    this.tree = restorer.finish();
    const snapshots = new DiskSnapshots(this.files, {
      ...directories,
      logger: silentLogger,
      yieldTurn: this.files.yieldTurn,
    });
    if (this.recovered.snapshot === null) writeFirstSnapshot(this.files, snapshots, this.tree);
    const parts = {
      config: this.config,
      files: this.files,
      directories,
      treeOptions,
      stats: this.stats,
      logger: silentLogger,
      clock: this.time,
    };
    this.driver = new Driver({
      ...parts,
      tree: this.tree,
      auth: new AuthProviders(this.config, sha1Base64),
      random: rng,
      scheduler: this.time,
      snapshots,
      openLog: (events) => {
        const log = openLog(parts, events);
        const append = log.append.bind(log);
        log.append = (zxid, entry) => {
          if (this.config.snapCount !== SIMULATED_CONFIG.snapCount) this.logged.push(Buffer.from(entry));
          append(zxid, entry);
        };
        return log;
      },
      fourLetterReply: (word) => `${word}!`,
      onFailure: (error) => this.failures.push(error),
    });
    this.driver.start();
  }

  connected(link: ClientLink): Connection | null {
    return this.driver.service.clients.connected(link);
  }

  received(connection: Connection, chunk: Buffer): void {
    this.driver.received(connection, chunk);
  }

  drained(connection: Connection): void {
    this.driver.drained(connection);
  }

  disconnected(connection: Connection): void {
    this.driver.service.clients.disconnected(connection);
  }

  /** Ends the turn and lets the disk finish all that is under way, until nothing is left to do. */
  settle(): void {
    do this.time.endTurn();
    while (this.files.step());
  }

  /** Moves the clock on, a tick at a time, with the disk keeping up. */
  advance(ms: number): void {
    for (let left = ms; left > 0; left -= 100) {
      this.time.advance(Math.min(100, left));
      this.settle();
    }
  }

  /** A client with a session of its own. */
  client(timeoutMs = 10_000, remoteIp = '127.0.0.1'): FakeClient {
    const client = new FakeClient(this, remoteIp).handshake({ timeoutMs });
    this.settle();
    if (client.sessionId === 0n) throw new Error('no session');
    return client;
  }
}
