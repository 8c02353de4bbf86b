import type { SessionId } from '../../wire/ids.ts';
import { describe, type History, type Seen } from './history.ts';
import { hex, type Timeline } from './timeline.ts';

/**
 * Ephemeral nodes are gone if and only if their session has ended (or somebody deleted them): none is left of a session that has ended,
 * none is missing of one that lives, and those of one session go together. Returns what is wrong, in words.
 */
export function checkEphemerals(history: History, timeline: Timeline): string[] {
  const violations: string[] = [];
  const endedBy = new Map<SessionId, number>();
  for (const { id, endZxid } of history.sessions.values()) if (endZxid !== null) endedBy.set(id, endZxid);
  for (const { session, zxid } of absences(history, timeline)) {
    endedBy.set(session, Math.min(zxid, endedBy.get(session) ?? zxid));
  }
  const check = (node: Seen, zxid: number, where: () => string): void => {
    const { ephemeralOwner: owner, path } = node;
    const ended = endedBy.get(owner);
    if (owner === 0n || ended === undefined || zxid < ended) return;
    violations.push(`${where()}: ${path} is there, although its session had ended by ${hex(ended)}`);
  };
  for (const operation of history.operations) {
    const { outcome, session } = operation;
    if (outcome.kind !== 'ok' && outcome.kind !== 'refused') continue;
    const ended = endedBy.get(session);
    if (ended !== undefined && outcome.zxid > ended) {
      violations.push(`${describe(operation)} was answered, although its session had ended by ${hex(ended)}`);
    }
    if (outcome.kind !== 'ok') continue;
    for (const node of outcome.nodes) if (node !== null) check(node, outcome.zxid, () => describe(operation));
  }
  for (const [server, tree] of history.trees) {
    for (const { path, ephemeralOwner } of tree.values()) {
      const session = history.sessions.get(ephemeralOwner);
      if (ephemeralOwner === 0n || session?.state === 'open') continue;
      const which = session === undefined ? 'nobody opened' : `is ${session.state}`;
      violations.push(
        `the last look at ${server}: ${path} of session 0x${ephemeralOwner.toString(16)}, which ${which}`,
      );
    }
  }
  return violations;
}

/** Ephemeral nodes that were seen to be gone without a delete: their session had ended by then. */
function* absences(
  history: History,
  timeline: Timeline,
): Iterable<{ readonly session: SessionId; readonly zxid: number }> {
  for (const { action, outcome } of history.operations) {
    if (outcome.kind !== 'ok' || (action.type !== 'get' && action.type !== 'exists')) continue;
    if (outcome.nodes[0] != null) continue;
    const was = timeline.at(action.path, outcome.zxid)?.node ?? null;
    if (was === null || was.ephemeralOwner === 0n) continue;
    if (timeline.lost(action.path, 'delete').length > 0) continue;
    yield { session: was.ephemeralOwner, zxid: outcome.zxid };
  }
}
