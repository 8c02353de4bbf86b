import type { InstanceSpec } from '../discovery/index.ts';
import { type AnyClass, declare } from './wiring.ts';

/** What is registered, or how an instance of the class says it, when its port is known only then. */
export type ServiceSpecOf<T extends object> =
  | InstanceSpec<unknown>
  | ((instance: T) => InstanceSpec<unknown> | Promise<InstanceSpec<unknown>>);

/**
 * Each instance of the class that is bound to a module is registered in its discovery, and found by others, until the module closes:
 * that takes it back before anything else ends that was started earlier.
 */
export function registerService<T extends object>(spec: ServiceSpecOf<T>) {
  return (decorated: abstract new (...args: never[]) => T): void =>
    declare(decorated as AnyClass, '@registerService', async (instance, { discovery, scope }) => {
      const wanted = typeof spec === 'function' ? await spec(instance as T) : spec;
      await scope.start(`service ${wanted.name}`, (signal) => discovery.register(wanted, { signal }));
    });
}
