import type { Rng } from '../kit/seed.ts';
import { drawPlan, type Plan, type Profile } from './plan.ts';

const everyFault: Profile['weights'] = {
  crash: 10,
  'crash all': 2,
  'crash at change': 8,
  stall: 5,
  'slow disk': 5,
  partition: 8,
  'one-way': 6,
  cut: 10,
  'slow way': 4,
  drift: 1,
  skew: 2,
};

/** Kinds of storms. */
export const profiles = {
  standard: { faultsPerSecond: 1.2, opsPerSecond: 18, weights: everyFault },
  /** Slow disks, and power that goes for many at once. */
  losses: {
    faultsPerSecond: 2,
    opsPerSecond: 30,
    weights: { ...everyFault, 'crash all': 60 },
    options: { diskMs: 150, slowPercent: 60 },
  },
  partitions: {
    faultsPerSecond: 2,
    opsPerSecond: 25,
    weights: { ...everyFault, partition: 60, 'crash all': 10 },
  },
  /** One leader after the other, few of which get far. */
  elections: {
    faultsPerSecond: 6,
    opsPerSecond: 12,
    weights: { ...everyFault, crash: 40, 'crash all': 5, 'crash at change': 20, partition: 30, cut: 30 },
    options: { diskMs: 60, networkMs: 60, slowPercent: 30 },
  },
  /** Followers that come again to the leader that they had. */
  cuts: {
    faultsPerSecond: 6,
    opsPerSecond: 30,
    weights: { ...everyFault, cut: 120, 'slow disk': 40, 'crash all': 20 },
    options: { diskMs: 150, slowPercent: 50 },
  },
  /** Followers that hear late, and clients that go from one to the other. */
  lags: {
    faultsPerSecond: 3,
    opsPerSecond: 40,
    moveWeight: 60,
    weights: { ...everyFault, 'slow way': 60, 'one-way': 30 },
  },
  quiet: {
    faultsPerSecond: 0.5,
    opsPerSecond: 25,
    weights: everyFault,
    options: { sessionTimeoutMs: 1_500 },
  },
} as const satisfies Record<string, Profile>;

export type ProfileName = keyof typeof profiles;

const shares: Readonly<Record<ProfileName, number>> = {
  standard: 50,
  losses: 10,
  partitions: 10,
  elections: 10,
  cuts: 8,
  lags: 8,
  quiet: 4,
};

/** The plan of a seed, in the kind of storm that the seed draws. */
export function drawAnyPlan(rng: Rng): Plan & { readonly profile: ProfileName } {
  const profile = rng.weighted(shares);
  return { ...drawPlan(rng, profiles[profile]), profile };
}
