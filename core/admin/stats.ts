import type { Zxid } from '../../wire/ids.ts';
import { EnsembleStats } from './ensemble-stats.ts';
import { Summary } from './summary.ts';

/**
 * What a server counts about itself. The server's own code increments the fields; nothing here allocates or computes before an
 * operator asks. `srst` resets everything, as ZooKeeper does.
 */
export class ServerStats {
  /** Frames from clients, connect requests and four-letter words included. */
  packetsReceived = 0;
  /** Replies and watch notifications. */
  packetsSent = 0;
  /** Bytes of the frames received. */
  bytesReceived = 0;
  /** Bytes of the replies sent, without the bytes of watch notifications. */
  responseBytes = 0;
  watchBytes = 0;
  /** Connect requests, for new sessions and old ones. */
  connectionRequests = 0;
  /** Those among them that asked for a session that they had. */
  connectionRevalidations = 0;
  /** Connections refused because of `maxClientCnxns` or `maxCnxns`. */
  connectionsRejected = 0;
  sessionsExpired = 0;
  /** Connections that never asked for a session. */
  sessionlessExpired = 0;
  authFailures = 0;
  /** Frames refused because they were larger than `jute.maxbuffer`. */
  largeRequestsRejected = 0;
  /** Recoveries at which the tree did not match the digest in the log. */
  digestMismatches = 0;
  lastResponseBytes = 0;

  /** Milliseconds from the arrival of a request to its reply, for all requests. */
  readonly latencyMs = new Summary();
  readonly readLatencyMs = new Summary();
  readonly updateLatencyMs = new Summary();
  readonly fsyncMs = new Summary();
  readonly snapshotMs = new Summary();

  readonly ensemble = new EnsembleStats();

  /** A request that read was answered after `ms` milliseconds. */
  read(ms: number): void {
    this.latencyMs.add(ms);
    this.readLatencyMs.add(ms);
  }

  /** A request that wrote was answered after `ms` milliseconds. */
  update(ms: number): void {
    this.latencyMs.add(ms);
    this.updateLatencyMs.add(ms);
  }

  reset(): void {
    this.packetsReceived = 0;
    this.packetsSent = 0;
    this.bytesReceived = 0;
    this.responseBytes = 0;
    this.watchBytes = 0;
    this.connectionRequests = 0;
    this.connectionRevalidations = 0;
    this.connectionsRejected = 0;
    this.sessionsExpired = 0;
    this.sessionlessExpired = 0;
    this.authFailures = 0;
    this.largeRequestsRejected = 0;
    this.digestMismatches = 0;
    this.lastResponseBytes = 0;
    this.latencyMs.reset();
    this.readLatencyMs.reset();
    this.updateLatencyMs.reset();
    this.fsyncMs.reset();
    this.snapshotMs.reset();
    this.ensemble.reset();
  }
}

/** What a server counts about one connection. Fields are public so that the hot path can increment them in place. */
export class ConnectionStats {
  packetsReceived = 0;
  packetsSent = 0;
  /** Type of the last request answered; null before the first. */
  lastOpCode: number | null = null;
  /** xid of the last request answered that is not one of the reserved ones; -1 before the first. */
  lastCxid = -1;
  /** zxid in the last reply; -1 before the first. */
  lastZxid: Zxid = -1;
  /** When the last reply went, on the server's monotonic clock. */
  lastResponseMs = 0;
  lastLatencyMs = 0;
  readonly latencyMs = new Summary();

  /** A request was answered `latencyMs` after it came, at `nowMs` on the monotonic clock. */
  answered(xid: number, zxid: Zxid, opCode: number, latencyMs: number, nowMs: number): void {
    if (xid >= 0) this.lastCxid = xid;
    this.lastZxid = zxid;
    this.lastOpCode = opCode;
    this.lastResponseMs = nowMs;
    this.lastLatencyMs = latencyMs;
    this.latencyMs.add(latencyMs);
  }

  reset(): void {
    this.packetsReceived = 0;
    this.packetsSent = 0;
    this.lastOpCode = null;
    this.lastCxid = -1;
    this.lastZxid = -1;
    this.lastResponseMs = 0;
    this.lastLatencyMs = 0;
    this.latencyMs.reset();
  }
}
