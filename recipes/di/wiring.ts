import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ServiceDiscovery } from '../discovery/index.ts';
import type { LeaderLatch, LeaderLatchOptions } from '../leader/index.ts';
import type { InterProcessMutex, MutexOptions } from '../lock/index.ts';
import type { Scope } from '../scope.ts';
import type { ConfigFeed } from './config-feed.ts';

/** What decorated classes need of the module that they live in. */
export interface Wiring {
  readonly scope: Scope;
  readonly discovery: ServiceDiscovery;
  /** A mutex whose leases are given back when the module closes. */
  mutex(path: string, options?: MutexOptions): InterProcessMutex;
  /** The module's one latch on a path; the options are those of whoever asks first. */
  latch(path: string, options: LeaderLatchOptions): Promise<LeaderLatch>;
  /** The module's one feed of a config by that schema. */
  feed<T>(path: string, schema: StandardSchemaV1<unknown, T>): ConfigFeed<T>;
}

/** A class as a decorator sees it. */
export type AnyClass = abstract new (...args: never[]) => object;

/** What has to begin for an instance of a decorated class; resolves when it is ready for use. */
export type Begin = (instance: object, wiring: Wiring) => Promise<void>;

/** What was declared on each decorated class itself, by name: a decorator that runs again says the same again. */
const declarations = new Map<AnyClass, Map<string, Begin>>();
const open = new Set<Wiring>();
const wirings = new WeakMap<object, Wiring>();

/** Declares that something begins with each instance of a class. */
export function declare(decorated: AnyClass, name: string, begin: Begin): void {
  const own = declarations.get(decorated);
  if (own === undefined) declarations.set(decorated, new Map([[name, begin]]));
  else own.set(name, begin);
}

/** A module is there from now on, until the answer is called. */
export function opened(wiring: Wiring): () => void {
  open.add(wiring);
  return () => void open.delete(wiring);
}

/** What the class of an instance and the classes that it extends declare, the innermost first. */
function begins(instance: object): Begin[] {
  const found: Begin[] = [];
  for (let at: unknown = instance.constructor; typeof at === 'function'; at = Object.getPrototypeOf(at)) {
    found.unshift(...(declarations.get(at as AnyClass)?.values() ?? []));
  }
  return found;
}

/** Whether an instance is one of a decorated class. */
export function hasDeclarations(instance: object): boolean {
  return begins(instance).length > 0;
}

/** Ties an object to a module without looking at it. */
export function claim(standIn: object, wiring: Wiring): void {
  wirings.set(standIn, wiring);
}

export function isBoundTo(instance: object, wiring: Wiring): boolean {
  return wirings.get(instance) === wiring;
}

/**
 * Ties an instance to a module and begins what its class and the classes that it extends declare. The same instance again changes
 * nothing. Resolves when everything is ready.
 */
export async function bind(instance: object, wiring: Wiring): Promise<void> {
  const known = wirings.get(instance);
  if (known === wiring) return;
  if (known !== undefined && open.has(known)) {
    throw new TypeError(`${nameOf(instance)}: the instance belongs to another open module`);
  }
  wirings.set(instance, wiring);
  await Promise.all(begins(instance).map((begin) => begin(instance, wiring)));
}

/**
 * The module of an instance: the one it was bound to, or the only one that is open. Throws `TypeError` with the remedy where that
 * leaves a choice, or none.
 */
export function wiringOf(instance: object): Wiring {
  const known = wirings.get(instance);
  if (known !== undefined) return known;
  if (open.size === 1) {
    const [only] = open;
    return only!;
  }
  const why =
    open.size === 0 ? 'no module is open: call registerZookit first' : `${open.size} modules are open`;
  throw new TypeError(
    `${nameOf(instance)}: ${why}; resolve it from a module's container, or call module.bind with it`,
  );
}

/** For errors; static methods are called on their class. */
function nameOf(instance: object | undefined): string {
  if (typeof instance === 'function') return (instance as { readonly name: string }).name;
  return instance?.constructor?.name ?? 'a decorated method';
}
