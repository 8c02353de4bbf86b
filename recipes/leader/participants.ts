import { NoNodeError, type ZooKeeperClient } from '../../client/index.ts';
import { childPath } from '../../wire/path.ts';
import { sortBySequence } from '../sequence.ts';

/** One that stands for election. */
export interface ElectionParticipant {
  /** What it calls itself; empty if it does not. */
  readonly id: string;
  readonly path: string;
  /** Whether it is the first in line, and so the leader as soon as it knows. */
  readonly isLeader: boolean;
}

/** Everybody in line, the leader first, as far as they are still there when their ids are read. */
export async function participants(
  client: ZooKeeperClient,
  directory: string,
  marker: string,
  signal: AbortSignal | undefined,
): Promise<ElectionParticipant[]> {
  const names = await client.children(directory, { signal }).catch(unlessMissing<string[]>([]));
  const paths = sortBySequence(names, marker).map((name) => childPath(directory, name));
  const found = await Promise.all(
    paths.map((path) => client.get(path, { signal }).catch(unlessMissing(null))),
  );
  const there = paths.flatMap((path, i) => {
    const data = found[i]?.data;
    return data === undefined ? [] : [{ id: data?.toString() ?? '', path }];
  });
  return there.map((each, i) => ({ ...each, isLeader: i === 0 }));
}

function unlessMissing<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof NoNodeError) return instead;
    throw error;
  };
}
