import { ErrorCode, type ErrorName, errorName } from '../wire/errors.ts';
import { type Circumstances, inWords } from './circumstances.ts';

/** What became of an operation whose reply never came: surely nothing, or nobody here can tell. */
export type Outcome = 'not-applied' | 'unknown';

/** Stable names of errors: ZooKeeper's for what servers answer, and a few of the client's own. */
export type ClientErrorCode =
  | ErrorName
  | 'CircuitOpen'
  | 'Closed'
  | 'ConnectFailed'
  | 'Protocol'
  | 'QueueFull'
  | 'RequestTooLarge'
  | 'ResponseTooLarge'
  | 'TransactionFailed'
  | `Code${number}`;

export interface ErrorContext {
  /** The operation as the API names it. */
  readonly operation: string;
  /** The path as the caller gave it (below the chroot), if the operation has one. */
  readonly path: string | null;
  /** More about this case, put into the message. */
  readonly detail?: string;
  readonly cause?: unknown;
  /** How the client stood, where no answer came. */
  readonly circumstances?: Circumstances;
}

/** Base of every error that an operation may end with, apart from the reason of an aborted `AbortSignal`. */
export class ZooKeeperError extends Error {
  readonly code: ClientErrorCode;
  readonly operation: string;
  readonly path: string | null;

  constructor(code: ClientErrorCode, what: string, context: ErrorContext) {
    const subject = context.path === null ? context.operation : `${context.operation} ${context.path}`;
    const detail = context.detail === undefined ? '' : ` (${context.detail})`;
    super(
      `${subject}: ${what}${detail} [${code}]`,
      context.cause === undefined ? {} : { cause: context.cause },
    );
    this.name = new.target.name;
    this.code = code;
    this.operation = context.operation;
    this.path = context.path;
  }
}

/**
 * An operation that ended without an answer. `outcome` says whether it may have been applied, `circumstances` (null where the
 * server itself said so) which server it was, how old the session, and when the client tries again.
 */
export class UnansweredError extends ZooKeeperError {
  readonly outcome: Outcome;
  readonly circumstances: Circumstances | null;

  constructor(code: ClientErrorCode, what: string, outcome: Outcome, context: ErrorContext) {
    const became = outcome === 'unknown' ? 'it may have been applied' : 'it was not applied';
    super(code, `${what}; ${became}`, withCircumstances(context));
    this.outcome = outcome;
    this.circumstances = context.circumstances ?? null;
  }
}

function withCircumstances(context: ErrorContext): ErrorContext {
  const { circumstances, detail } = context;
  if (circumstances === undefined) return context;
  const words = inWords(circumstances);
  return { ...context, detail: detail === undefined ? words : `${detail}; ${words}` };
}

/** The connection broke before the answer. With outcome `unknown`, look before repeating; `protected` creates do that. */
export class ConnectionLossError extends UnansweredError {
  constructor(context: ErrorContext, outcome: Outcome) {
    super('ConnectionLoss', 'connection lost before the answer', outcome, context);
  }
}
/** The session is gone, and with it its ephemeral nodes and one-shot watches. */
export class SessionExpiredError extends UnansweredError {
  constructor(context: ErrorContext, outcome: Outcome) {
    super('SessionExpired', 'the session has ended', outcome, context);
  }
}
/** The client was closed, by `close` or because its session ended for good. */
export class ClosedError extends UnansweredError {
  constructor(context: ErrorContext, outcome: Outcome) {
    super('Closed', 'the client is closed', outcome, context);
  }
}
/** What the server sent is not ZooKeeper's protocol; the connection was dropped. */
export class ProtocolError extends UnansweredError {
  constructor(context: ErrorContext, outcome: Outcome) {
    super('Protocol', 'the server sent what the protocol does not allow', outcome, context);
  }
}
/** The answer is larger than `frameBytesMax`; it is not asked for again. Raise the limit, or ask for less. */
export class ResponseTooLargeError extends UnansweredError {
  constructor(context: ErrorContext, outcome: Outcome) {
    super('ResponseTooLarge', 'the answer exceeds frameBytesMax; raise it or ask for less', outcome, context);
  }
}

/** The request is larger than `frameBytesMax` and was not sent: a server would hang up on it. */
export class RequestTooLargeError extends ZooKeeperError {
  constructor(context: ErrorContext) {
    super('RequestTooLarge', 'the request exceeds frameBytesMax; split the data', context);
  }
}
/** More operations are waiting than `pendingMax` allows; nothing was sent. Wait for some to finish. */
export class QueueFullError extends ZooKeeperError {
  constructor(context: ErrorContext) {
    super('QueueFull', 'too many operations are waiting; await some before starting more', context);
  }
}

/** A circuit breaker is open: the connection is away, and the work was not begun. */
export class CircuitOpenError extends ZooKeeperError {
  constructor(context: ErrorContext) {
    super('CircuitOpen', 'the connection is away and the circuit open; the work was not begun', context);
  }
}

/** Why one server could not be used. */
export interface ServerFailure {
  /** `host:port` */
  readonly server: string;
  readonly error: Error;
}

/** No server of the connect string could be used in time. `failures` has the last cause of each. */
export class ConnectError extends ZooKeeperError {
  readonly failures: readonly ServerFailure[];

  constructor(detail: string, failures: readonly ServerFailure[], cause?: unknown) {
    const list = failures.map(({ server, error }) => `${server}: ${error.message}`).join('; ');
    super('ConnectFailed', list === '' ? 'no server tried yet' : list, {
      operation: 'connect',
      path: null,
      detail,
      cause,
    });
    this.failures = failures;
  }
}

/** The node does not exist. */
export class NoNodeError extends ZooKeeperError {}
/** The node exists already. */
export class NodeExistsError extends ZooKeeperError {}
/** The node's version is not the one expected: somebody changed it. Read again, then decide. */
export class BadVersionError extends ZooKeeperError {
  /** The version that the operation asked for, where it is known. */
  readonly expected: number | null;

  constructor(context: ErrorContext, expected: number | null) {
    // Named one by one: a context may be an object whose fields are getters, which a spread leaves out.
    const { operation, path, cause } = context;
    const detail = expected === null ? {} : { detail: `expected version ${expected}` };
    super('BadVersion', serverMeanings.BadVersion!, { operation, path, cause, ...detail });
    this.expected = expected;
  }
}
/** The node has children. `deleteRecursive` deletes them too. */
export class NotEmptyError extends ZooKeeperError {}
/** The node's ACL does not allow it to any of the connection's identities. */
export class NoAuthError extends ZooKeeperError {}
/** The server refused the credentials. */
export class AuthFailedError extends ZooKeeperError {}
/** The ACL is empty, or names an identity that no provider of the server accepts. */
export class InvalidAclError extends ZooKeeperError {}
/** Ephemeral nodes have no children. */
export class NoChildrenForEphemeralsError extends ZooKeeperError {}
/** Path, flags or other arguments are not valid. */
export class BadArgumentsError extends ZooKeeperError {
  constructor(context: ErrorContext) {
    super('BadArguments', serverMeanings.BadArguments!, context);
  }
}
/** The server does not know the operation, or it is switched off. */
export class UnimplementedError extends ZooKeeperError {}
/** The server is in read-only mode: it has no quorum. */
export class NotReadOnlyError extends ZooKeeperError {}
/** There is no such watch. */
export class NoWatcherError extends ZooKeeperError {}
/** The session has moved to another connection. */
export class SessionMovedError extends ZooKeeperError {}
/** A hard quota above the node would be exceeded. */
export class QuotaExceededError extends ZooKeeperError {}
/** The server is overloaded and did not try. */
export class ThrottledOpError extends ZooKeeperError {}
/** The server could not read the request. */
export class MarshallingError extends ZooKeeperError {}
/** The server's view of a transaction: another operation of it failed. */
export class RuntimeInconsistencyError extends ZooKeeperError {}
/** Any other code of the server; `code` names it. */
export class ServerError extends ZooKeeperError {}

const serverMeanings: Partial<Record<ErrorName, string>> = {
  SystemError: 'the server failed',
  RuntimeInconsistency: 'not applied, because another operation of the transaction failed',
  DataInconsistency: 'the server found its data inconsistent',
  MarshallingError: 'the server could not read the request',
  Unimplemented: 'the server does not offer this operation',
  OperationTimeout: 'the server gave up in time',
  BadArguments: 'not valid',
  UnknownSession: 'the server does not know the session',
  NewConfigNoQuorum: 'the new configuration would have no quorum',
  ReconfigInProgress: 'another reconfiguration is under way',
  NoNode: 'no such node',
  NoAuth: 'not permitted by the ACL to the identities of this connection',
  BadVersion: 'the version is another one; read again before writing',
  NoChildrenForEphemerals: 'ephemeral nodes cannot have children',
  NodeExists: 'the node exists already',
  NotEmpty: 'the node has children; delete them first',
  InvalidACL: 'the ACL is empty or holds an identity the server does not accept',
  AuthFailed: 'the server refused the credentials',
  SessionMoved: 'the session has moved to another connection',
  NotReadOnly: 'the server has no quorum and serves reads only',
  EphemeralOnLocalSession: 'local sessions cannot have ephemeral nodes',
  NoWatcher: 'there is no such watch',
  RequestTimeout: 'the server gave up in time',
  ReconfigDisabled: 'reconfiguration is switched off on the server',
  SessionClosedRequireSaslAuth: 'the server wants authentication first',
  QuotaExceeded: 'a hard quota would be exceeded',
  ThrottledOp: 'the server is overloaded and did not try',
};

type ServerErrorClass = new (code: ClientErrorCode, what: string, context: ErrorContext) => ZooKeeperError;

const classes = new Map<number, ServerErrorClass>([
  [ErrorCode.NoNode, NoNodeError],
  [ErrorCode.NodeExists, NodeExistsError],
  [ErrorCode.NotEmpty, NotEmptyError],
  [ErrorCode.NoAuth, NoAuthError],
  [ErrorCode.AuthFailed, AuthFailedError],
  [ErrorCode.InvalidACL, InvalidAclError],
  [ErrorCode.NoChildrenForEphemerals, NoChildrenForEphemeralsError],
  [ErrorCode.Unimplemented, UnimplementedError],
  [ErrorCode.NotReadOnly, NotReadOnlyError],
  [ErrorCode.NoWatcher, NoWatcherError],
  [ErrorCode.SessionMoved, SessionMovedError],
  [ErrorCode.QuotaExceeded, QuotaExceededError],
  [ErrorCode.ThrottledOp, ThrottledOpError],
  [ErrorCode.MarshallingError, MarshallingError],
  [ErrorCode.RuntimeInconsistency, RuntimeInconsistencyError],
]);

/** The error for a code that a server answered with. `expected` is the version that the operation asked for, if any. */
export function serverError(
  errorCode: number,
  context: ErrorContext,
  expected: number | null = null,
): ZooKeeperError {
  if (errorCode === ErrorCode.BadVersion) return new BadVersionError(context, expected);
  if (errorCode === ErrorCode.BadArguments) return new BadArgumentsError(context);
  if (errorCode === ErrorCode.SessionExpired) return new SessionExpiredError(context, 'not-applied');
  if (errorCode === ErrorCode.ConnectionLoss) return new ConnectionLossError(context, 'unknown');
  const name = errorName(errorCode) as ClientErrorCode;
  const what = serverMeanings[name as ErrorName] ?? `the server answered with code ${errorCode}`;
  return new (classes.get(errorCode) ?? ServerError)(name, what, context);
}

/** A transaction of which nothing was applied. `index` is the operation that failed, `cause` why. */
export class MultiError extends ZooKeeperError {
  /** Place of the failed operation in the transaction, from 0. */
  readonly index: number;
  /** The failed operation's own error. */
  readonly failure: ZooKeeperError;

  constructor(index: number, failure: ZooKeeperError) {
    super('TransactionFailed', `nothing was applied, because operation ${index} failed: ${failure.message}`, {
      operation: 'transaction',
      path: failure.path,
      cause: failure,
    });
    this.index = index;
    this.failure = failure;
  }
}
