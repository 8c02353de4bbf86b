import type { Random } from '../../client/ports.ts';
import { instanceKey, type ServiceInstance } from './instance.ts';

/** What a strategy may look at besides the instances. */
export interface StrategyView<T> {
  readonly random: Random;
  /** Calls of this provider that the instance has not answered yet. */
  inFlight(instance: ServiceInstance<T>): number;
}

/** Chooses one of several instances. Each provider needs one of its own. */
export interface ProviderStrategy<T> {
  /** `instances` are in the order of their ids, and at least one. */
  pick(instances: readonly ServiceInstance<T>[], view: StrategyView<T>): ServiceInstance<T>;
}

/** Any, each as likely as the next. */
export function random<T>(): ProviderStrategy<T> {
  return { pick: (instances, view) => instances[view.random.below(instances.length)]! };
}

/** One after the other, in the order of their ids; instances that come and go do not disturb the order of the rest. */
export function roundRobin<T>(): ProviderStrategy<T> {
  let last: ServiceInstance<T> | null = null;
  return {
    pick(instances) {
      const key = last === null ? '' : instanceKey(last);
      // Two may have the same key: then the place behind the last one tells, for as long as it is there.
      const at = last === null ? -1 : instances.indexOf(last);
      const following = at >= 0 ? instances[at + 1] : instances.find((each) => instanceKey(each) > key);
      last = following ?? instances[0]!;
      return last;
    },
  };
}

/** The same one for as long as it is there and not marked down, then another by `delegate`, which is by default `random`. */
export function sticky<T>(delegate: ProviderStrategy<T> = random()): ProviderStrategy<T> {
  let current: string | null = null;
  return {
    pick(instances, view) {
      const same = instances.find((instance) => instanceKey(instance) === current);
      const picked = same ?? delegate.pick(instances, view);
      current = instanceKey(picked);
      return picked;
    },
  };
}

/** Granularity of weights. */
const DRAWS = 2 ** 30;

/** As often as it weighs; what weighs nothing is chosen only where nothing weighs more. */
export function weighted<T>(weightOf: (instance: ServiceInstance<T>) => number): ProviderStrategy<T> {
  return {
    pick(instances, view) {
      const weights = instances.map((instance) => {
        const weight = weightOf(instance);
        return Number.isFinite(weight) && weight > 0 ? weight : 0;
      });
      const sum = weights.reduce((total, weight) => total + weight, 0);
      if (sum === 0) return instances[view.random.below(instances.length)]!;
      let left = (view.random.below(DRAWS) / DRAWS) * sum;
      for (const [i, weight] of weights.entries()) {
        if (left < weight) return instances[i]!;
        left -= weight;
      }
      // Only rounding leads here.
      return instances[weights.findLastIndex((weight) => weight > 0)]!;
    },
  };
}

/** The one with the fewest calls under way; any of those, if there are several. */
export function leastInFlight<T>(): ProviderStrategy<T> {
  return {
    pick(instances, view) {
      const loads = instances.map((instance) => view.inFlight(instance));
      const least = Math.min(...loads);
      const idle = instances.filter((_, i) => loads[i] === least);
      return idle[view.random.below(idle.length)]!;
    },
  };
}
