import type { DependencyContainer, InjectionToken } from 'tsyringe';

/** `standIn`: what stands for an instance that is not made yet. To look at it would make it. */
type Listener = (made: object, standIn: boolean) => void;

/** A container that is listened to, and who listens. */
interface Heard {
  readonly listeners: Set<Listener>;
  readonly parent: Heard | null;
}

const heard = new WeakMap<DependencyContainer, Heard>();

/**
 * Calls a listener with every object that a container gives out, and those containers that are made of it from now on and have no
 * listener of their own; until the answer is called. tsyringe's own `afterResolution` hears of one token in one container, and of no
 * class that is registered behind another token.
 */
export function onResolved(container: DependencyContainer, listener: Listener): () => void {
  const { listeners } = heard.get(container) ?? listenTo(container, null);
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function listenTo(container: DependencyContainer, parent: Heard | null): Heard {
  const here: Heard = { listeners: new Set(), parent };
  heard.set(container, here);
  const { resolve, resolveAll, createChildContainer } = container;
  // Constructor arguments are resolved by these too, with more arguments than are public.
  container.resolve = (<T>(token: InjectionToken<T>, ...more: unknown[]): T => {
    const made: T = Reflect.apply(resolve, container, [token, ...more]);
    tell(here, token, made);
    return made;
  }) as typeof resolve;
  container.resolveAll = (<T>(token: InjectionToken<T>, ...more: unknown[]): T[] => {
    const all: T[] = Reflect.apply(resolveAll, container, [token, ...more]);
    for (const made of all) tell(here, token, made);
    return all;
  }) as typeof resolveAll;
  container.createChildContainer = () => {
    const child = Reflect.apply(createChildContainer, container, []);
    listenTo(child, here);
    return child;
  };
  return here;
}

function tell(from: Heard, token: unknown, made: unknown): void {
  if (typeof made !== 'object' || made === null) return;
  let at: Heard | null = from;
  while (at !== null && at.listeners.size === 0) at = at.parent;
  for (const listener of at?.listeners ?? []) listener(made, typeof token === 'object');
}
