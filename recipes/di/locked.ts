import { parentOf } from '../../wire/path.ts';
import type { AcquireOptions, MutexOptions } from '../lock/index.ts';
import {
  leaseIn,
  type MethodDecorator,
  methodDecorator,
  type PathOf,
  withLease,
} from './method-decorator.ts';
import { wiringOf } from './wiring.ts';

export interface LockedOptions extends MutexOptions, Pick<AcquireOptions, 'timeoutMs'> {}

/**
 * One call at a time in the whole cluster: the method runs under the mutex of that path, and the lease comes as its last argument,
 * for `signal` and `fencingToken`. A lease of the same lock that a caller gives there itself is used instead of waiting for another.
 * The path may depend on the call: `@locked((id) => `/locks/order-${id}`)`.
 *
 * The call rejects with whatever `acquire` rejects with, before the method has run, or with what the method throws.
 */
export function locked<Args extends readonly unknown[] = never>(
  path: string | PathOf<Args>,
  options: LockedOptions = {},
): MethodDecorator {
  return methodDecorator('@locked', (method, parameters) => ({
    async call(self: object, args: unknown[]) {
      const wiring = wiringOf(self);
      const at = typeof path === 'string' ? path : path(...(args as unknown as Args));
      const given = leaseIn(args, parameters);
      const lease = given !== null && parentOf(given.path) === at ? given : undefined;
      const { timeoutMs, ...lockOptions } = options;
      await using own = await wiring.mutex(at, lockOptions).acquire({ timeoutMs, lease });
      return await method.apply(self, withLease(args, parameters, own));
    },
  }));
}
