import { AddWatchMode, WatcherType } from '../../wire/events.ts';
import { OpCode } from '../../wire/opcodes.ts';
import type { Rng } from '../kit/seed.ts';
import { somePath } from './generate-writes.ts';
import type { Model, WatchModel } from './model.ts';
import { isGuarded, places } from './pools.ts';
import type { Step } from './step.ts';

export function makeRead(rng: Rng, model: Model, session: number): Step {
  const path = somePath(rng, model);
  const type = Number(
    rng.weighted({
      [OpCode.exists]: 25,
      [OpCode.getData]: 30,
      [OpCode.getChildren]: 12,
      [OpCode.getChildren2]: 18,
      [OpCode.getACL]: 10,
      [OpCode.getAllChildrenNumber]: 5,
    }),
  );
  if (type === OpCode.getACL || type === OpCode.getAllChildrenNumber) {
    return { do: 'request', session, type, body: { path } };
  }
  const { watches } = model.sessions[session]!;
  const watch = rng.chance(55) && path !== '' && !isGuarded(path) && watches.may('standard', path);
  if (watch) watches.standard.add(path);
  return { do: 'request', session, type, body: { path, watch } };
}

/** addWatch, removeWatches and checkWatches. */
export function makeWatchCall(rng: Rng, model: Model, session: number): Step {
  const { watches } = model.sessions[session]!;
  const path = watchable(rng, model, watches);
  switch (rng.weighted({ persistent: 25, recursive: 25, odd: 2, remove: 35, check: 13 })) {
    case 'persistent':
      if (!watches.may('persistent', path)) break;
      watches.persistent.add(path);
      return { do: 'request', session, type: OpCode.addWatch, body: { path, mode: AddWatchMode.persistent } };
    case 'recursive':
      if (!watches.may('recursive', path) || path === '/') break;
      watches.recursive.add(path);
      return {
        do: 'request',
        session,
        type: OpCode.addWatch,
        body: { path, mode: AddWatchMode.persistentRecursive },
      };
    case 'odd':
      return { do: 'request', session, type: OpCode.addWatch, body: { path, mode: rng.pick([-1, 2, 99]) } };
    case 'check': {
      const type = rng.pick([WatcherType.Children, WatcherType.Data, WatcherType.Any, 0, 99]);
      return { do: 'request', session, type: OpCode.checkWatches, body: { path, type } };
    }
    case 'remove':
      return makeRemove(rng, watches, path, session);
  }
  return { do: 'request', session, type: OpCode.whoAmI, body: {} };
}

/** 3.8 removes watches of any mode by the types that in 3.9 name one-shot watches, so these are used on one-shot ones only. */
function makeRemove(rng: Rng, watches: WatchModel, path: string, session: number): Step {
  const type =
    watches.may('standard', path) && rng.chance(60)
      ? rng.pick([WatcherType.Children, WatcherType.Data, 0, 99])
      : WatcherType.Any;
  if (type === WatcherType.Any) watches.forget(path);
  return { do: 'request', session, type: OpCode.removeWatches, body: { path, type } };
}

function watchable(rng: Rng, model: Model, watches: WatchModel): string {
  const watched = [...watches.standard, ...watches.persistent, ...watches.recursive];
  if (watched.length > 0 && rng.chance(50)) return rng.pick(watched);
  const path = somePath(rng, model);
  return isGuarded(path) ? rng.pick(places) : path;
}

/** What clients send after a reconnect: watches, and the zxid up to which they have seen everything. */
export function makeSetWatches(rng: Rng, model: Model, session: number, number: number): Step {
  const { watches } = model.sessions[session]!;
  const some = (mode: 'standard' | 'persistent' | 'recursive'): string[] => {
    const paths = Array.from({ length: rng.below(4) }, () => watchable(rng, model, watches)).filter(
      (path) => path !== '' && watches.may(mode, path) && !(mode === 'recursive' && path === '/'),
    );
    for (const path of paths) watches[mode].add(path);
    return paths;
  };
  const lists = {
    dataWatches: some('standard'),
    existWatches: some('standard'),
    childWatches: some('standard'),
  };
  const since = Math.max(0, number - 1 - rng.below(40));
  if (rng.chance(50)) return { do: 'setWatches', session, type: OpCode.setWatches, since, lists };
  return {
    do: 'setWatches',
    session,
    type: OpCode.setWatches2,
    since,
    lists: { ...lists, persistentWatches: some('persistent'), persistentRecursiveWatches: some('recursive') },
  };
}
