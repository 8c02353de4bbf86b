/** There is no instance of the service that could be used. */
export class NoInstanceError extends Error {
  readonly code = 'NoInstance';
  /** The service. */
  readonly service: string;
  /** How many instances are registered. */
  readonly known: number;

  /** `refused` says what keeps those that are known from being used. */
  constructor(service: string, known: number, refused = '') {
    const why = known === 0 ? 'none is registered' : `${known} known, ${refused}`;
    super(`service ${service}: no instance to use (${why}) [NoInstance]`);
    this.name = 'NoInstanceError';
    this.service = service;
    this.known = known;
  }
}

/** One instance that a call has failed with. */
export interface CallFailure {
  /** The instance's id. */
  readonly id: string;
  readonly error: unknown;
}

/** A call has failed with every instance that it was tried with. `cause` is the last failure. */
export class ServiceCallError extends Error {
  readonly code = 'ServiceCall';
  readonly service: string;
  readonly failures: readonly CallFailure[];

  constructor(service: string, failures: readonly CallFailure[]) {
    const list = failures.map(({ id, error }) => `${id}: ${error instanceof Error ? error.message : error}`);
    super(`service ${service}: failed with ${list.join('; ')} [ServiceCall]`, {
      cause: failures.at(-1)?.error,
    });
    this.name = 'ServiceCallError';
    this.service = service;
    this.failures = failures;
  }
}
