import { formatSessionId, type SessionId } from '../../wire/ids.ts';
import type { ServerView } from './view.ts';

/** `wchs`: how many connections watch how many paths, and the sum over both. */
export function watchSummary(view: ServerView): string {
  const paths = new Set<string>();
  let connections = 0;
  let total = 0;
  for (const [, watched] of view.dataWatches()) {
    connections++;
    for (const path of watched) {
      paths.add(path);
      total++;
    }
  }
  return `${connections} connections watching ${paths.size} paths\nTotal watches:${total}\n`;
}

/** `wchc`: each session and the paths that it watches. As expensive as there are watches. */
export function watchesBySession(view: ServerView): string {
  let text = '';
  for (const [session, paths] of view.dataWatches()) {
    text += `${formatSessionId(session)}\n`;
    for (const path of paths) text += `\t${path}\n`;
  }
  return `${text}\n`;
}

/** `wchp`: each path and the sessions that watch it. As expensive as there are watches. */
export function watchesByPath(view: ServerView): string {
  const byPath = new Map<string, SessionId[]>();
  for (const [session, paths] of view.dataWatches()) {
    for (const path of paths) {
      const watchers = byPath.get(path);
      if (watchers === undefined) byPath.set(path, [session]);
      else watchers.push(session);
    }
  }
  let text = '';
  for (const [path, watchers] of byPath) {
    text += `${path}\n`;
    for (const session of watchers) text += `\t${formatSessionId(session)}\n`;
  }
  return `${text}\n`;
}
