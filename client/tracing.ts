import { channel } from 'node:diagnostics_channel';
import type { SessionId } from '../wire/ids.ts';
import type { ServerFailure } from './errors.ts';
import type { ClientState, StateInfo } from './state.ts';

/** The part of an OpenTelemetry span that is used; any tracer of `@opentelemetry/api` fits. */
export interface Span {
  setAttribute(key: string, value: string | number | boolean): unknown;
  recordException(error: Error): void;
  setStatus(status: { code: number; message?: string }): unknown;
  end(): void;
}

/** The part of an OpenTelemetry tracer that is used. */
export interface Tracer {
  startSpan(
    name: string,
    options?: { kind?: number; attributes?: Record<string, string | number | boolean> },
  ): Span;
}

/** Message of the channel `zookit:client:operation`, when an operation has settled. */
export interface OperationMessage {
  readonly operation: string;
  /** As the caller gave it; null for operations without one. */
  readonly path: string | null;
  /** The server that was connected when it settled, `host:port`. */
  readonly server: string | null;
  readonly sessionId: SessionId;
  /** From the call to its end, waiting for a connection included. */
  readonly durationMs: number;
  readonly error: unknown;
}

/** Message of the channel `zookit:client:state`. */
export interface StateMessage extends StateInfo {
  readonly state: ClientState;
  readonly server: string | null;
}

/** Message of the channel `zookit:client:attempt`, when the client begins to connect to a server. */
export interface AttemptMessage {
  readonly server: string;
  /** What was wrong with servers since one could be used. */
  readonly failures: readonly ServerFailure[];
}

/** The `diagnostics_channel`s of the client. Without a subscriber they cost a look at one property. */
export const channels = {
  operation: channel('zookit:client:operation'),
  state: channel('zookit:client:state'),
  attempt: channel('zookit:client:attempt'),
};

/** OpenTelemetry's numbers for a span of a caller and for a status of failure. */
const SPAN_KIND_CLIENT = 2;
const STATUS_ERROR = 2;

/** What there is to see of an operation. */
export interface Observed {
  readonly operation: string;
  readonly path: string | null;
  readonly server: () => string | null;
  readonly sessionId: () => SessionId;
  readonly monotonicMs: () => number;
}

/** Lets a tracer and the subscribers of the operation channel see one operation. The outcome is the work's own. */
export async function observe<T>(about: Observed, tracer: Tracer | null, work: () => Promise<T>): Promise<T> {
  const { operation, path } = about;
  const begunMs = about.monotonicMs();
  const span = tracer?.startSpan(`zookeeper ${operation}`, {
    kind: SPAN_KIND_CLIENT,
    attributes: {
      'db.system.name': 'zookeeper',
      'db.operation.name': operation,
      ...(path === null ? {} : { 'zookeeper.path': path }),
    },
  });
  let failure: unknown = null;
  try {
    return await work();
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    const server = about.server();
    if (span !== undefined) {
      if (server !== null) span.setAttribute('server.address', server);
      if (failure !== null) {
        if (failure instanceof Error) span.recordException(failure);
        span.setStatus({ code: STATUS_ERROR, message: String(failure) });
      }
      span.end();
    }
    if (channels.operation.hasSubscribers) {
      const durationMs = about.monotonicMs() - begunMs;
      const message: OperationMessage = {
        operation,
        path,
        server,
        sessionId: about.sessionId(),
        durationMs,
        error: failure,
      };
      channels.operation.publish(message);
    }
  }
}
