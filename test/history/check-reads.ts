import type { SessionId } from '../../wire/ids.ts';
import { describe, type History, type Operation, writesOf } from './history.ts';
import { hex, stateInWords, type Timeline } from './timeline.ts';

/**
 * What a session sees never goes back, through whatever servers it is led: the zxids of its answers do not fall, its writes take place
 * in the order in which they were sent (with or without an answer), and each read shows the state of its zxid. Returns what is wrong, in words.
 */
export function checkReads(history: History, timeline: Timeline): string[] {
  const bySession = new Map<SessionId, Operation[]>();
  for (const operation of history.operations) {
    const list = bySession.get(operation.session);
    if (list === undefined) bySession.set(operation.session, [operation]);
    else list.push(operation);
  }
  const violations: string[] = [];
  for (const operations of bySession.values()) violations.push(...checkOrder(operations, timeline));
  for (const operation of history.operations) {
    if (writesOf(operation).length > 0 || operation.outcome.kind !== 'ok') continue;
    for (const why of checkRead(operation, timeline)) violations.push(`${describe(operation)}: ${why}`);
  }
  return violations;
}

/** One session's operations, in the order in which they were sent. */
function* checkOrder(operations: readonly Operation[], timeline: Timeline): Iterable<string> {
  let answered: Operation | null = null;
  let answeredZxid = -1;
  let written: Operation | null = null;
  let writtenZxid = -1;
  for (const operation of operations) {
    const { outcome } = operation;
    const isWrite = writesOf(operation).length > 0;
    const zxid = 'zxid' in outcome ? outcome.zxid : isWrite ? timeline.zxidOf(operation) : null;
    if (zxid === null) continue;
    if ('zxid' in outcome && zxid < answeredZxid)
      yield `${describe(operation)} goes back to ${hex(zxid)} after ${describe(answered!)}`;
    if (isWrite && zxid <= writtenZxid) {
      yield `${describe(operation)} took place at ${hex(zxid)}, before ${describe(written!)} sent earlier`;
    }
    // A write without an answer may take place after later reads elsewhere, as nothing has said that it did, and before earlier ones,
    // which clients send again when their connection breaks.
    if ('zxid' in outcome && zxid > answeredZxid) [answered, answeredZxid] = [operation, zxid];
    if (isWrite && zxid > writtenZxid) [written, writtenZxid] = [operation, zxid];
  }
}

function* checkRead({ action, outcome }: Operation, timeline: Timeline): Iterable<string> {
  if (outcome.kind !== 'ok' || !('path' in action)) return;
  const { zxid, nodes, children } = outcome;
  if (action.type === 'get' || action.type === 'exists') {
    const why = faultAt(action.path, nodes[0] ?? null, zxid, timeline);
    if (why !== null) yield why;
  }
  if (children === undefined) return;
  const prefix = action.path === '/' ? '/' : `${action.path}/`;
  const names = new Set(children);
  for (const path of timeline.childrenOf(action.path)) {
    const last = timeline.at(path, zxid);
    if (names.delete(path.slice(prefix.length))) {
      const isGone = last === null || last.node === null;
      if (isGone && timeline.lost(path, 'create').length === 0) yield `${path} was not there`;
    } else {
      const why = timeline.absenceFault(path, zxid);
      if (why !== null) yield `${path}: ${why}`;
    }
  }
  for (const name of names) {
    if (!timeline.mayHaveBeenMade(prefix + name)) yield `nobody made ${prefix}${name}`;
  }
}

/** Why a node cannot have looked like this to a server that had applied everything up to a zxid and nothing more. */
export function faultAt(
  path: string,
  seen: { readonly mzxid: number } | null,
  zxid: number,
  timeline: Timeline,
): string | null {
  if (seen === null) return timeline.absenceFault(path, zxid);
  if (seen.mzxid > zxid) return `shows what was written later, at ${hex(seen.mzxid)}`;
  const last = timeline.at(path, zxid)!;
  if (last.zxid === seen.mzxid) return null;
  return `shows the state of ${hex(seen.mzxid)}, but at ${hex(last.zxid)} it became ${stateInWords(last.node)}`;
}
