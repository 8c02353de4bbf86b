import { FULL_VERSION } from '../version.ts';
import { ensembleValues } from './ensemble-values.ts';
import { formatAverage, formatWhole as whole } from './format.ts';
import { summaryValues } from './summary-values.ts';
import type { ServerView } from './view.ts';

/**
 * The lines of `mntr`: name without the prefix `zk_`, and value. Names and units are ZooKeeper's; what this server does not
 * measure is left out rather than printed as zero. Also what other exporters of metrics are built from.
 */
export function monitorValues(view: ServerView): [name: string, value: string][] {
  const { stats } = view;
  const lines: [string, string][] = [
    ['version', FULL_VERSION],
    ['server_state', view.mode],
    ...ensembleValues(view),
    ['avg_latency', formatAverage(stats.latencyMs.average)],
    ['max_latency', whole(stats.latencyMs.max)],
    ['min_latency', whole(stats.latencyMs.min)],
    ['packets_received', whole(stats.packetsReceived)],
    ['packets_sent', whole(stats.packetsSent)],
    ['num_alive_connections', whole(view.connectionCount)],
    ['outstanding_requests', whole(view.outstandingRequests)],
    ['uptime', whole(view.uptimeMs)],
    ['znode_count', whole(view.nodeCount)],
    ['watch_count', whole(view.watchCount)],
    ['ephemerals_count', whole(view.ephemeralCount)],
    ['approximate_data_size', whole(view.approximateDataBytes)],
    ['global_sessions', whole(view.sessionCount)],
    ['local_sessions', whole(view.localSessionCount)],
  ];
  const descriptors = view.fileDescriptors();
  if (descriptors !== null) {
    lines.push(['open_file_descriptor_count', whole(descriptors.open)]);
    lines.push(['max_file_descriptor_count', whole(descriptors.max)]);
  }
  lines.push(
    ['auth_failed_count', whole(stats.authFailures)],
    ['last_client_response_size', whole(stats.lastResponseBytes)],
    ['bytes_received_count', whole(stats.bytesReceived)],
    ['response_bytes', whole(stats.responseBytes)],
    ['watch_bytes', whole(stats.watchBytes)],
    ['connection_request_count', whole(stats.connectionRequests)],
    ['connection_revalidate_count', whole(stats.connectionRevalidations)],
    ['connection_rejected', whole(stats.connectionsRejected)],
    ['stale_sessions_expired', whole(stats.sessionsExpired)],
    ['sessionless_connections_expired', whole(stats.sessionlessExpired)],
    ['large_requests_rejected', whole(stats.largeRequestsRejected)],
    ['digest_mismatches_count', whole(stats.digestMismatches)],
  );
  lines.push(
    ...summaryValues('readlatency', stats.readLatencyMs),
    ...summaryValues('updatelatency', stats.updateLatencyMs),
    ...summaryValues('fsynctime', stats.fsyncMs),
    ...summaryValues('snapshottime', stats.snapshotMs),
  );
  return lines;
}
