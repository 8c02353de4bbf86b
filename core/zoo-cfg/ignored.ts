/**
 * Keys that Apache ZooKeeper knows and that change nothing here. They are accepted, so that a zoo.cfg in use works as it is,
 * and named once in a note where somebody might rely on them.
 */

const TUNING = 'tunes threads or buffers that this server does not have';
const METRICS = 'metrics are read with mntr in this version';
const TLS = 'TLS is not supported by this version';
const SASL = 'SASL is not supported by this version';
const ADMIN = 'there is no AdminServer in this version';
const THROTTLE = 'requests and connections are not throttled in this version';
const ENSEMBLE = 'concerns an ensemble';
const NO_EFFECT = 'has no effect here';

const names: readonly (readonly [note: string, keys: string])[] = [
  [
    TUNING,
    `nio.numSelectorThreads nio.numWorkerThreads nio.directBufferBytes nio.shutdownTimeout nio.sessionlessCnxnTimeout
     commitProcessor.numWorkerThreads commitProcessor.shutdownTimeout commitProcessor.maxReadBatchSize
     commitProcessor.maxCommitBatchSize netty.advancedFlowControl.enabled netty.server.outstandingHandshake.limit
     netty.server.earlyDropSecureConnectionHandshakes serverCnxnFactory intBufferStartingSizeBytes maxResponseCacheSize
     maxGetChildrenResponseCacheSize bitHashCacheSize watchManagerName watcherCleanThreadsNum watcherCleanThreshold
     watcherCleanIntervalInSeconds maxInProcessingDeadWatchers flushDelay maxWriteQueuePollTime maxBatchSize
     quorum.cnxn.threads.size jvm.pause.monitor jvm.pause.sleep.time.ms jvm.pause.warn-threshold.ms
     jvm.pause.info-threshold.ms request_throttler.shutdownTimeout`,
  ],
  [
    THROTTLE,
    `request_throttle_max_requests request_throttle_stall_time request_throttle_drop_stale request_stale_connection_check
     request_stale_latency_check throttled_op_wait_time connection_throttle_tokens connection_throttle_fill_time
     connection_throttle_fill_count connection_throttle_freeze_time connection_throttle_drop_increase
     connection_throttle_drop_decrease connection_throttle_decrease_ratio connection_throttle_weight_enabled
     connection_throttle_global_session_weight connection_throttle_renew_session_weight
     connection_throttle_local_session_weight largeRequestMaxBytes largeRequestThreshold`,
  ],
  [
    METRICS,
    `pathStats.enabled pathStats.slotCapacity pathStats.slotDuration pathStats.maxDepth pathStats.sampleRate
     pathStats.initialDelay pathStats.delay pathStats.topPathMax messageTracker.Enabled messageTracker.BufferSize
     metricsProvider.className`,
  ],
  [
    ADMIN,
    `admin.serverAddress admin.serverPort admin.idleTimeout admin.commandURL admin.httpVersion admin.portUnification
     admin.forceHttps admin.needClientAuth admin.rateLimiterIntervalInMS admin.snapshot.enabled admin.restore.enabled
     audit.impl.class`,
  ],
  [
    TLS,
    `secureClientPort secureClientPortAddress portUnification client.portUnification client.certReload
     sslQuorumReloadCertFiles fips-mode X509AuthenticationProvider.superUser`,
  ],
  [
    SASL,
    `kerberos.removeHostFromPrincipal kerberos.removeRealmFromPrincipal kerberos.canonicalizeHostNames kerberos.minReLoginTimeMs
     sasl.serverconfig sasl.client superUser SASLAuthenticationProvider.superPassword letAnySaslUserDoX allowSaslFailedClients
     requireKerberosConfig jaasLoginRenew security.auth_to_local server.principal server.realm kinit
     quorum.auth.learner.saslLoginContext quorum.auth.server.saslLoginContext quorum.auth.kerberos.servicePrincipal
     enforce.auth.schemes ensembleAuthName`,
  ],
  [
    ENSEMBLE,
    `observerMasterPort observer.reconnectDelayMs observer.election.DelayMs observer.syncEnabled observerMaster.sizeLimit
     learner.asyncSending learner.closeSocketAsync leader.closeSocketAsync leader.ackLoggingFrequency
     leader.maxConcurrentSnapSyncs leader.maxConcurrentDiffSyncs leader.maxTimeToWaitForEpoch leaderConnectDelayDuringRetryMs
     follower.skipLearnerRequestToNextProcessor follower.nodelay leader.nodelay tcpKeepAlive quorumCnxnTimeoutMs
     fastleader.minNotificationInterval fastleader.maxNotificationInterval multiAddress.enabled
     multiAddress.reachabilityCheckTimeoutMs multiAddress.reachabilityCheckEnabled oraclePath
     forceSnapshotSync forward_learner_requests_to_commit_processor_disabled`,
  ],
  [
    NO_EFFECT,
    `db.autocreate txnLogSizeLimitInKb closeSessionTxn.enabled serializeLastProcessedZxid.enabled
     enableEagerACLCheck clientTcpKeepAlive IPAuthenticationProvider.usexforwardedfor preferredClientPortAddress
     jmx.log4j.disable jmx.log4j.mbean jmx.enable shuffleDnsResponse`,
  ],
];

/** Names whose whole family means nothing here: settings of providers that can be plugged into ZooKeeper. */
const prefixes: readonly (readonly [prefix: string, note: string])[] = [
  ['ssl.', TLS],
  ['authProvider.', 'only the schemes world, auth, digest and ip are supported by this version'],
  ['metricsProvider.', METRICS],
];

/** A note for each known key that has no effect. */
export const ignoredKeys: ReadonlyMap<string, string> = new Map(
  names.flatMap(([note, keys]) => keys.split(/\s+/).map((key) => [key, note] as const)),
);

/** Why the key changes nothing here; null if it is not a key of that kind. */
export function ignoredNote(key: string): string | null {
  const exact = ignoredKeys.get(key);
  if (exact !== undefined) return exact;
  return prefixes.find(([prefix]) => key.startsWith(prefix))?.[1] ?? null;
}
