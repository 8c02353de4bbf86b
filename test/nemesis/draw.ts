import type { Action, Write } from '../history/history.ts';
import type { Rng } from '../kit/seed.ts';

/** Few names, so that clients meet at them. */
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];

const WEIGHTS = {
  create: 8,
  ephemeral: 8,
  sequential: 4,
  set: 18,
  setOnCondition: 18,
  delete: 8,
  multi: 6,
  get: 20,
  exists: 5,
  children: 5,
  sync: 2,
} as const;

/** Makes up an operation below `root`; a write writes `data`. */
export function draw(rng: Rng, root: string, data: string, versionOf: (path: string) => number): Action {
  const path = `${root}/${rng.pick(NAMES)}`;
  const type = rng.weighted(WEIGHTS);
  switch (type) {
    case 'create':
    case 'ephemeral':
      return { type: 'create', path, data, ephemeral: type === 'ephemeral', sequential: false };
    case 'sequential':
      return { type: 'create', path: `${root}/n-`, data, ephemeral: rng.chance(70), sequential: true };
    case 'set':
      return { type, path, data, version: -1 };
    case 'setOnCondition':
      return { type: 'set', path, data, version: versionOf(path) };
    case 'delete':
      return { type, path, version: rng.chance(50) ? versionOf(path) : -1 };
    case 'multi':
      return { type, writes: drawMulti(rng, root, data, versionOf) };
    case 'children':
      return { type, path: root };
    default:
      return { type, path };
  }
}

function drawMulti(
  rng: Rng,
  root: string,
  data: string,
  versionOf: (path: string) => number,
): readonly Write[] {
  const [one, other] = [`${root}/${rng.pick(NAMES)}`, `${root}/${rng.pick(NAMES)}`];
  const first: Write = rng.chance(50)
    ? { type: 'check', path: one, version: versionOf(one) }
    : { type: 'set', path: one, data: `${data}.1`, version: -1 };
  const second: Write = rng.chance(30)
    ? { type: 'create', path: `${root}/n-`, data: `${data}.2`, ephemeral: false, sequential: true }
    : rng.chance(20)
      ? { type: 'delete', path: other, version: -1 }
      : { type: 'set', path: other, data: `${data}.2`, version: -1 };
  return [first, second];
}
