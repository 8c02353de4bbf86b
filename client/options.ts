import { JUTE_MAXBUFFER_DEFAULT } from '../wire/bytes.ts';
import type { AuthInfo } from './auth.ts';
import { type AclProvider, type Behaviour, defaultBehaviour } from './behaviour.ts';
import type { Data } from './context.ts';
import { heartbeatPorts } from './heartbeat/ports.ts';
import type { ClientPorts } from './ports.ts';
import { READ_SENDS_MAX } from './requests.ts';
import { type BackoffPolicy, defaultBackoff } from './retry.ts';
import type { RetryPolicy } from './retry-policies.ts';
import type { SessionSettings } from './session-types.ts';
import type { StatePolicy } from './state-policy.ts';
import { nodePorts } from './tcp.ts';
import type { Tracer } from './tracing.ts';

export interface ConnectOptions {
  /**
   * How long a session outlives its connection, as asked of the server, which answers with what it grants (usually between 2
   * and 20 of its ticks). Default 30,000.
   */
  readonly sessionTimeoutMs?: number | undefined;
  /** How long `connect` may take in all. Default 15,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** How long one server may take for connection and handshake. Default: the session timeout shared among the servers, at most 5,000. */
  readonly attemptTimeoutMs?: number | undefined;
  /** How long `close` may take when the server does not answer. Default 2,000. */
  readonly closeTimeoutMs?: number | undefined;
  /** Gives `connect` up; it has no effect on the client once there is one. */
  readonly signal?: AbortSignal | undefined;
  /** Also use servers that have lost their quorum; they serve reads only (state `readonly`). Default false. */
  readonly readOnly?: boolean | undefined;
  /** Credentials, presented on every connection before anything else. `connect` rejects if the server does not take them. */
  readonly auth?: readonly AuthInfo[] | undefined;
  /** Open a new session when one is lost. Default true; otherwise the client ends with its session. */
  readonly renewSession?: boolean | undefined;
  /** Create the chroot if it does not exist. Default false. */
  readonly ensureChroot?: boolean | undefined;
  /** Delays between rounds of attempts. */
  readonly backoff?: Partial<BackoffPolicy> | undefined;
  /** How often a read is sent at most, when connections break before its answer. Default 4. */
  readonly readSendsMax?: number | undefined;
  /** Longest request or answer in bytes; the server's `jute.maxbuffer` bounds requests too. Default 0xfffff. */
  readonly frameBytesMax?: number | undefined;
  /** Operations waiting for a connection or an answer at most. Default 100,000. */
  readonly pendingMax?: number | undefined;
  /**
   * When a read or an idempotent operation that lost its connection or session is tried again. Default: reads as `readSendsMax` says,
   * idempotent operations until there is an answer.
   */
  readonly retry?: RetryPolicy | undefined;
  /** ACL of nodes that are created without one: one list, or one by path (below the connect string's chroot). Default: open to all. */
  readonly acl?: AclProvider | undefined;
  /** Data of nodes that are created without any. Default empty. */
  readonly defaultData?: Data | undefined;
  /**
   * Whose data is compressed with gzip when it is written, and decompressed when it is read, unless the operation says otherwise.
   * Data that was written uncompressed is read as it is. Default: nobody's.
   */
  readonly compress?: boolean | ((path: string) => boolean) | undefined;
  /** Longest data that is taken out of a compressed node. Default 64 MiB. */
  readonly decompressedBytesMax?: number | undefined;
  /**
   * Whether a suspended connection counts as an error for what depends on the session (`standardStates`, the default), or only its
   * end (`sessionStates`).
   */
  readonly statePolicy?: StatePolicy | undefined;
  /** A tracer of OpenTelemetry, which gets a span an operation. */
  readonly tracer?: Tracer | undefined;
  /**
   * Follow the ensemble's own list of its members, `/zookeeper/config`, as it changes. Default false: the addresses in it are the
   * servers' view, which need not be reachable from here.
   */
  readonly followConfig?: boolean | undefined;
  /**
   * For how long this process keeps its session when its event loop is blocked: its connection then lives in a worker thread, which
   * sends pings in its place. The process learns afterwards that it was away (`away`, `doubt`, and with them the signals of leases).
   * Default: not at all, and no thread. Others wait that much longer for what a process held that hangs.
   */
  readonly keepAliveWhileBlockedMs?: number | undefined;
  /** The doors to network, clock and chance; for tests. */
  readonly ports?: ClientPorts | undefined;
}

const ATTEMPT_TIMEOUT_MS_MAX = 5_000;

function positive(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new RangeError(`${name} must be a positive integer, not ${value}`);
}

export function connectTimeoutOf(options: ConnectOptions): number {
  return positive('connectTimeoutMs', options.connectTimeoutMs ?? 15_000);
}

/** The ports of a client: those given, or Node's, whose connections live in a thread of their own if that was asked for. */
export function portsOf({ ports, keepAliveWhileBlockedMs }: ConnectOptions): ClientPorts {
  if (ports !== undefined) return ports;
  if (keepAliveWhileBlockedMs === undefined) return nodePorts;
  return heartbeatPorts(positive('keepAliveWhileBlockedMs', keepAliveWhileBlockedMs));
}

/** Checks options and fills in defaults. Throws `RangeError` that names the option. */
export function settingsOf(options: ConnectOptions, servers: number): SessionSettings {
  const sessionTimeoutMs = positive('sessionTimeoutMs', options.sessionTimeoutMs ?? 30_000);
  const share = Math.max(1, Math.min(ATTEMPT_TIMEOUT_MS_MAX, Math.floor(sessionTimeoutMs / servers)));
  const backoff = { ...defaultBackoff, ...options.backoff };
  return {
    sessionTimeoutMs,
    attemptTimeoutMs: positive('attemptTimeoutMs', options.attemptTimeoutMs ?? share),
    closeTimeoutMs: positive('closeTimeoutMs', options.closeTimeoutMs ?? 2_000),
    readOnly: options.readOnly ?? false,
    renew: options.renewSession ?? true,
    backoff: {
      baseMs: positive('backoff.baseMs', backoff.baseMs),
      maxMs: positive('backoff.maxMs', backoff.maxMs),
    },
    readSendsMax: positive('readSendsMax', options.readSendsMax ?? READ_SENDS_MAX),
    frameBytesMax: positive('frameBytesMax', options.frameBytesMax ?? JUTE_MAXBUFFER_DEFAULT),
    pendingMax: positive('pendingMax', options.pendingMax ?? 100_000),
  };
}

/** What the options say of how operations are done. Throws `RangeError` that names the option. */
export function behaviourOf(options: ConnectOptions): Behaviour {
  const { compress } = options;
  return {
    retry: options.retry ?? defaultBehaviour.retry,
    acl: options.acl ?? defaultBehaviour.acl,
    defaultData: options.defaultData === undefined ? defaultBehaviour.defaultData : options.defaultData,
    compress: typeof compress === 'function' ? compress : compress === true ? () => true : null,
    decompressedBytesMax: positive(
      'decompressedBytesMax',
      options.decompressedBytesMax ?? defaultBehaviour.decompressedBytesMax,
    ),
    tracer: options.tracer ?? null,
    states: options.statePolicy ?? defaultBehaviour.states,
  };
}
