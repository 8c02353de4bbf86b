import { type MethodDecorator, methodDecorator, withLease } from './method-decorator.ts';
import { wiringOf } from './wiring.ts';

export interface LeaderOnlyOptions {
  /** What this process calls itself in the election. Default empty. */
  readonly id?: string | undefined;
  /** What a call does where somebody else leads: `skip` it, `wait` for leadership, or `throw` a `NotLeaderError`. Default `skip`. */
  readonly otherwise?: 'skip' | 'wait' | 'throw' | undefined;
}

/** Somebody else leads: the method was not called. */
export class NotLeaderError extends Error {
  readonly code = 'NotLeader';
  readonly path: string;

  constructor(path: string) {
    super(`${path}: another process leads [NotLeader]`);
    this.name = 'NotLeaderError';
    this.path = path;
  }
}

/**
 * The method runs only in the process that leads the election of that path; the term, a `Lease`, comes as its last argument. The
 * process stands for election from when an instance is bound to its module, for as long as the module is open; all methods with one
 * path share the election.
 *
 * A call that is skipped answers with undefined. The term may end while the method runs: give `signal` and `fencingToken` to what it
 * does.
 */
export function leaderOnly(path: string, options: LeaderOnlyOptions = {}): MethodDecorator {
  const { id, otherwise = 'skip' } = options;
  return methodDecorator('@leaderOnly', (method, parameters) => ({
    async begin(_instance, wiring) {
      await wiring.latch(path, { id });
    },
    async call(self, args) {
      const latch = await wiringOf(self).latch(path, { id });
      const term = otherwise === 'wait' ? await latch.leadership() : latch.term;
      if (term !== null) return await method.apply(self, withLease(args, parameters, term));
      if (otherwise === 'throw') throw new NotLeaderError(path);
      return undefined;
    },
  }));
}
