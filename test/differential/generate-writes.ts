import type { Acl } from '../../wire/data.ts';
import { OpCode } from '../../wire/opcodes.ts';
import type { Rng } from '../kit/seed.ts';
import type { Model } from './model.ts';
import { guardedAcl, guardedPlaces, isGuarded, oddPaths, openAcl, places, someData } from './pools.ts';
import type { Body, Step } from './step.ts';

/** A path for an operation: mostly one that exists, sometimes one that could, now and then an odd one. */
export function somePath(rng: Rng, model: Model): string {
  const roll = rng.below(100);
  if (roll < 3) return rng.pick(oddPaths);
  if (roll < 20) return rng.pick(guardedPlaces);
  if (roll < 60 && model.nodes.size > 0) return rng.pick([...model.nodes]);
  return rng.pick(places);
}

/** A path for a new node: places rather than nodes, children of nodes too. */
function newPath(rng: Rng, model: Model): string {
  const roll = rng.below(100);
  if (roll < 4) return rng.pick(oddPaths);
  if (roll < 20) return rng.pick(guardedPlaces);
  if (roll < 45 && model.nodes.size > 0)
    return `${rng.pick([...model.nodes])}/${rng.pick(['n', 'm', 's-', ''])}`;
  return rng.pick(places);
}

export function someVersion(rng: Rng): number {
  return rng.weighted({ any: 60, low: 38, odd: 2 }) === 'any'
    ? -1
    : rng.chance(95)
      ? rng.below(4)
      : rng.pick([-2, 2147483647, -2147483648]);
}

function someAcl(rng: Rng, path: string): Acl[] | null {
  // The roof itself stays open, or nothing below it could be reached again.
  return isGuarded(path) && path !== '/acl' ? guardedAcl(rng) : openAcl(rng);
}

interface CreateOperation {
  readonly type: number;
  readonly body: Body & { readonly path: string; readonly flags: number };
}

export function makeCreate(rng: Rng, model: Model): CreateOperation {
  const path = newPath(rng, model);
  const common = { path, data: someData(rng), acl: someAcl(rng, path) };
  switch (rng.weighted({ plain: 70, container: 10, ttl: 15, odd: 5 })) {
    case 'plain':
      return {
        type: rng.pick([OpCode.create, OpCode.create2]),
        body: { ...common, flags: rng.pick([0, 0, 0, 1, 1, 2, 3]) },
      };
    case 'container':
      return { type: OpCode.createContainer, body: { ...common, flags: 4 } };
    case 'ttl':
      return {
        type: OpCode.createTTL,
        body: {
          ...common,
          flags: rng.pick([5, 6]),
          ttl: rng.pick([3_600_000, 3_600_000, 3_600_000, 1_099_511_627_775, 0, -1, 1_099_511_627_776]),
        },
      };
    case 'odd':
      // Not tried: createTTL with the flags of another mode. It ends Apache ZooKeeper for good, see docs/divergence.md.
      return rng.chance(30)
        ? {
            type: OpCode.createTTL,
            body: { ...common, flags: rng.pick([7, -1]), ttl: rng.pick([-1, 0, 1000]) },
          }
        : {
            type: rng.pick([OpCode.create, OpCode.create2, OpCode.createContainer]),
            body: { ...common, flags: rng.pick([7, -1, 5, 6, 100]) },
          };
  }
}

export function makeWrite(rng: Rng, model: Model, session: number): Step {
  switch (rng.weighted({ create: 48, delete: 18, setData: 26, setACL: 8 })) {
    case 'create':
      return { do: 'request', session, ...makeCreate(rng, model) };
    case 'delete':
      return {
        do: 'request',
        session,
        type: OpCode.delete,
        body: { path: somePath(rng, model), version: someVersion(rng) },
      };
    case 'setData':
      return {
        do: 'request',
        session,
        type: OpCode.setData,
        body: { path: somePath(rng, model), data: someData(rng), version: someVersion(rng) },
      };
    case 'setACL': {
      const path = somePath(rng, model);
      return {
        do: 'request',
        session,
        type: OpCode.setACL,
        body: { path, acl: someAcl(rng, path), version: someVersion(rng) },
      };
    }
  }
}
