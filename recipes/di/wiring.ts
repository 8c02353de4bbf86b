import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ZooKeeperClient } from '../../client/index.ts';
import type { ServiceDiscovery } from '../discovery/index.ts';
import type { LeaderLatch, LeaderLatchOptions } from '../leader/index.ts';
import type { Scope } from '../scope.ts';
import type { ConfigFeed } from './config-feed.ts';

/** What decorated classes need of the module that they live in. */
export interface Wiring {
  readonly client: ZooKeeperClient;
  readonly scope: Scope;
  readonly discovery: ServiceDiscovery;
  /** The module's one latch on a path; the options are those of whoever asks first. */
  latch(path: string, options: LeaderLatchOptions): Promise<LeaderLatch>;
  /** The module's one feed of a config. */
  feed<T>(path: string, schema: StandardSchemaV1<unknown, T>, whenAbsent: T | undefined): ConfigFeed<T>;
}

/** A class as a decorator sees it. */
export type AnyClass = abstract new (...args: never[]) => object;

/** What has to begin for an instance of a decorated class; resolves when it is ready for use. */
export type Begin = (instance: object, wiring: Wiring) => Promise<void>;

interface OpenModule {
  readonly wiring: Wiring;
  /** A class was decorated: its instances are to be bound when the container makes them. */
  classDeclared(decorated: AnyClass): void;
}

/** What was declared on each decorated class itself, by name: a decorator that runs again says the same again. */
const declarations = new Map<AnyClass, Map<string, Begin>>();
const open = new Set<OpenModule>();
const wirings = new WeakMap<object, Wiring>();

/** Declares that something begins with each instance of a class. */
export function declare(decorated: AnyClass, name: string, begin: Begin): void {
  let own = declarations.get(decorated);
  if (own === undefined) {
    own = new Map();
    declarations.set(decorated, own);
    for (const each of open) each.classDeclared(decorated);
  }
  own.set(name, begin);
}

/** A module is there from now on; returns the classes that were declared so far. */
export function opened(module: OpenModule): Iterable<AnyClass> {
  open.add(module);
  return [...declarations.keys()];
}

export function closed(module: OpenModule): void {
  open.delete(module);
}

/**
 * Ties an instance to a module and begins what its class and the classes that it extends declare. The same instance again changes
 * nothing. Resolves when everything is ready.
 */
export async function bind(instance: object, wiring: Wiring): Promise<void> {
  const known = wirings.get(instance);
  if (known === wiring) return;
  if (known !== undefined && [...open].some((each) => each.wiring === known)) {
    throw new TypeError(`${instance.constructor.name}: the instance belongs to another open module`);
  }
  wirings.set(instance, wiring);
  const begins: Begin[] = [];
  for (let at: unknown = instance.constructor; typeof at === 'function'; at = Object.getPrototypeOf(at)) {
    begins.unshift(...(declarations.get(at as AnyClass)?.values() ?? []));
  }
  await Promise.all(begins.map((begin) => begin(instance, wiring)));
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
    return only!.wiring;
  }
  const name = instance?.constructor?.name ?? 'a decorated method';
  const why =
    open.size === 0 ? 'no module is open: call registerZookit first' : `${open.size} modules are open`;
  throw new TypeError(`${name}: ${why}; resolve it from a module's container, or call module.bind(instance)`);
}
