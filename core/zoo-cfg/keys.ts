import type { EnsembleConfig, ServerConfig } from '../config.ts';
import {
  BadValue,
  decimal,
  integer,
  intervalHours,
  kibibytes,
  list,
  oneOf,
  path,
  port,
  type Reader,
  superDigest,
  text,
  trueOrFalse,
  yesOrNo,
} from './values.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A configuration while it is read: what has no default is null until its key comes. */
export type Draft = Omit<Mutable<ServerConfig>, 'dataDir' | 'dataLogDir' | 'clientPort' | 'ensemble'> & {
  dataDir: string | null;
  dataLogDir: string | null;
  clientPort: number | null;
  ensemble: Mutable<EnsembleConfig>;
};

/** Takes a value into the draft. Returns a line for the operator where the value has no effect, else null. */
export type Apply = (draft: Draft, value: string) => string | null;

function set<K extends keyof Draft>(field: K, reader: Reader<Draft[K]>): Apply {
  return (draft, value) => {
    draft[field] = reader(value);
    return null;
  };
}

function ensemble<K extends keyof EnsembleConfig>(field: K, reader: Reader<EnsembleConfig[K]>): Apply {
  return (draft, value) => {
    draft.ensemble[field] = reader(value);
    return null;
  };
}

/** Session timeouts: -1 means the default, which depends on `tickTime`. */
function sessionTimeout(field: 'minSessionTimeoutMs' | 'maxSessionTimeoutMs'): Apply {
  return (draft, value) => {
    draft[field] = integer(-1)(value);
    if (draft[field] === 0) throw new BadValue('a session cannot time out at once', 'milliseconds, or -1');
    return null;
  };
}

const snapRetainCount: Apply = (draft, value) => {
  const count = integer(0)(value);
  draft.autopurgeSnapRetainCount = Math.max(count, 3);
  return count < 3 ? 'at least 3 snapshots are kept; 3 is used' : null;
};

/** Timers hold 2^31 - 1 ms, less than 25 days: a longer interval would be none at all. */
const PURGE_INTERVAL_HOURS_MAX = 596;

const purgeInterval: Apply = (draft, value) => {
  const hours = intervalHours(value);
  draft.autopurgePurgeIntervalHours = Math.min(hours, PURGE_INTERVAL_HOURS_MAX);
  return hours > PURGE_INTERVAL_HOURS_MAX ? `at most ${PURGE_INTERVAL_HOURS_MAX} hours; that is used` : null;
};

const snapCount: Apply = (draft, value) => {
  const count = integer(0)(value);
  draft.snapCount = Math.max(count, 2);
  return count < 2 ? 'at least 2; 2 is used' : null;
};

/** A switch whose one value is how this server works anyway; the other is refused or has no effect. */
function fixed(is: boolean, reader: Reader<boolean>, otherwise: string): Apply {
  return (_, value) => (reader(value) === is ? null : otherwise);
}

const LOCAL_SESSIONS = 'all sessions are known to the whole ensemble in this version';

const readOnlyMode: Apply = (draft, value) => {
  draft.ensemble.readOnlyModeEnabled = trueOrFalse(value);
  return draft.ensemble.readOnlyModeEnabled
    ? 'a server without a leader serves nobody in this version'
    : null;
};

/** A protection that this version does not have: refusing to start is better than running without. */
function unsupportedWhenTrue(what: string): Apply {
  return (_, value) => {
    if (!trueOrFalse(value)) return null;
    throw new BadValue(
      `${what} is not supported by this version, and running without it would be less safe than asked for`,
      'false',
    );
  };
}

const digestAlgorithm: Apply = (_, value) => {
  if (value.toUpperCase() !== 'SHA1' && value.toUpperCase() !== 'SHA-1') {
    throw new BadValue('not supported by this version: digests of the ACLs would not match', 'SHA1');
  }
  return null;
};

const electionAlgorithm: Apply = (_, value) => {
  if (value !== '3') throw new BadValue('not known', '3, the only election algorithm left in ZooKeeper');
  return null;
};

const compression: Apply = (_, value) => {
  const method = oneOf('CHECKED', 'gz', 'snappy')(value === '' ? 'CHECKED' : value);
  return method === 'CHECKED' ? null : 'snapshots are written without compression';
};

/** Every key that changes what the server does or knows. */
export const keys: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  ['dataDir', set('dataDir', path)],
  ['dataLogDir', set('dataLogDir', path)],
  ['datadir.autocreate', set('dataDirAutocreate', trueOrFalse)],
  ['clientPort', set('clientPort', port)],
  ['clientPortAddress', set('clientPortAddress', text)],
  ['clientPortListenBacklog', set('clientPortListenBacklog', integer(-1))],
  ['tickTime', set('tickTimeMs', integer(1))],
  ['minSessionTimeout', sessionTimeout('minSessionTimeoutMs')],
  ['maxSessionTimeout', sessionTimeout('maxSessionTimeoutMs')],
  ['maxClientCnxns', set('maxClientCnxns', integer(0))],
  ['maxCnxns', set('maxCnxns', integer(0))],
  ['globalOutstandingLimit', set('globalOutstandingLimit', integer(1))],
  ['jute.maxbuffer', set('juteMaxBufferBytes', integer(1))],
  ['4lw.commands.whitelist', set('fourLetterWordWhitelist', list)],

  ['snapCount', snapCount],
  ['snapSizeLimitInKb', set('snapSizeLimitBytes', (value) => integer(0)(value) * 1024)],
  ['preAllocSize', set('preAllocSizeBytes', kibibytes)],
  ['forceSync', set('forceSync', yesOrNo)],
  ['fsync.warningthresholdms', set('fsyncWarningThresholdMs', integer(0))],
  ['autopurge.snapRetainCount', snapRetainCount],
  ['autopurge.purgeInterval', purgeInterval],
  ['snapshot.trust.empty', set('snapshotTrustEmpty', trueOrFalse)],
  ['snapshot.compression.method', compression],
  ['digest.enabled', set('digestEnabled', trueOrFalse)],

  ['extendedTypesEnabled', set('extendedTypesEnabled', trueOrFalse)],
  ['znode.container.checkIntervalMs', set('containerCheckIntervalMs', integer(1))],
  ['znode.container.maxPerMinute', set('containerMaxPerMinute', integer(1))],
  ['znode.container.maxNeverUsedIntervalMs', set('containerMaxNeverUsedIntervalMs', integer(0))],
  ['enforceQuota', set('enforceQuota', trueOrFalse)],

  ['skipACL', set('skipAcl', yesOrNo)],
  ['DigestAuthenticationProvider.superDigest', set('superDigest', superDigest)],
  ['DigestAuthenticationProvider.enabled', set('digestAuthEnabled', trueOrFalse)],
  ['DigestAuthenticationProvider.digestAlg', digestAlgorithm],
  ['sessionRequireClientSASLAuth', unsupportedWhenTrue('SASL')],
  ['enforce.auth.enabled', unsupportedWhenTrue('required authentication')],

  ['initLimit', ensemble('initLimitTicks', integer(1))],
  ['syncLimit', ensemble('syncLimitTicks', integer(1))],
  ['connectToLearnerMasterLimit', ensemble('connectToLearnerMasterLimitTicks', integer(0))],
  ['peerType', ensemble('peerType', oneOf('participant', 'observer'))],
  ['cnxTimeout', ensemble('electionCnxTimeoutMs', integer(1))],
  ['electionPortBindRetry', ensemble('electionPortBindRetry', integer(0))],
  ['quorumListenOnAllIPs', ensemble('quorumListenOnAllIPs', trueOrFalse)],
  ['standaloneEnabled', fixed(true, trueOrFalse, 'a server that is the only voter runs alone')],
  [
    'reconfigEnabled',
    fixed(false, trueOrFalse, 'servers cannot be added or removed while this version runs'),
  ],
  ['leaderServes', ensemble('leaderServes', yesOrNo)],
  ['syncEnabled', fixed(true, trueOrFalse, 'observers keep their transactions on disk all the same')],
  ['commitLogCount', ensemble('commitLogCount', integer(1))],
  ['snapshotSizeFactor', ensemble('snapshotSizeFactor', decimal)],
  ['localSessionsEnabled', fixed(false, trueOrFalse, LOCAL_SESSIONS)],
  ['localSessionsUpgradingEnabled', fixed(false, trueOrFalse, LOCAL_SESSIONS)],
  ['readonlymode.enabled', readOnlyMode],
  ['electionAlg', electionAlgorithm],

  ['emulate353TTLNodes', unsupportedWhenTrue('the TTL format of version 3.5.3')],
  ['sslQuorum', unsupportedWhenTrue('TLS between servers')],
  ['quorum.auth.enableSasl', unsupportedWhenTrue('SASL between servers')],
  ['quorum.auth.serverRequireSasl', unsupportedWhenTrue('SASL between servers')],
  ['quorum.auth.learnerRequireSasl', unsupportedWhenTrue('SASL between servers')],
  [
    'admin.enableServer',
    fixed(false, trueOrFalse, 'there is no AdminServer in this version; four-letter words answer instead'),
  ],
  ['audit.enable', fixed(false, trueOrFalse, 'no audit log is written by this version')],
]);
