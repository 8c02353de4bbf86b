import type { Zxid } from '../../wire/ids.ts';
import { describe, type History, type Operation, type Write, writesOf } from './history.ts';
import { type Effect, hex, stateInWords, type Timeline } from './timeline.ts';

/**
 * Writes are linearizable: zxids are an order of all writes in which each had the effect and the answer that it must have there, and
 * which real time does not contradict. Returns what is wrong, in words.
 */
export function checkWrites(history: History, timeline: Timeline): string[] {
  const violations = [...timeline.contradictions, ...checkRealTime(history, timeline)];
  const owners = new Map<Zxid, Operation>();
  for (const operation of history.operations) {
    const zxid = writesOf(operation).length > 0 ? orderOf(operation, timeline) : null;
    if (zxid === null) continue;
    const other = owners.get(zxid);
    if (other !== undefined)
      violations.push(`two writes at ${hex(zxid)}: ${describe(other)}, ${describe(operation)}`);
    owners.set(zxid, operation);
    for (const why of checkAnswer(operation, timeline)) violations.push(`${describe(operation)}: ${why}`);
  }
  for (const path of timeline.paths) violations.push(...checkVersions(path, timeline));
  return violations;
}

/** Where an operation stands in the order: what was refused stands there too. */
export function orderOf(operation: Operation, timeline: Timeline): Zxid | null {
  const { outcome } = operation;
  return outcome.kind === 'refused' ? outcome.zxid : timeline.zxidOf(operation);
}

/** Whatever was answered before a write was asked for comes before it: other writes, and what reads have shown. */
function checkRealTime(history: History, timeline: Timeline): string[] {
  const answered = history.operations
    .filter(({ answeredMs }) => answeredMs !== Number.POSITIVE_INFINITY)
    .sort((a, b) => a.answeredMs - b.answeredMs);
  const invoked = [...history.operations].sort((a, b) => a.invokedMs - b.invokedMs);
  const violations: string[] = [];
  let next = 0;
  let latest: { readonly operation: Operation; readonly zxid: Zxid } | null = null;
  for (const operation of invoked) {
    for (; next < answered.length && answered[next]!.answeredMs < operation.invokedMs; next++) {
      const { outcome } = answered[next]!;
      if ('zxid' in outcome && outcome.zxid > (latest?.zxid ?? -1)) {
        latest = { operation: answered[next]!, zxid: outcome.zxid };
      }
    }
    const zxid = writesOf(operation).length > 0 ? orderOf(operation, timeline) : null;
    if (zxid !== null && latest !== null && zxid <= latest.zxid) {
      const which = `${describe(operation)} took place at ${hex(zxid)}`;
      violations.push(`${which}, but was asked for after the answer of ${describe(latest.operation)}`);
    }
  }
  return violations;
}

/** Versions of one incarnation of a node grow by one a write; one that nobody saw must have been asked for. */
function checkVersions(path: string, timeline: Timeline): string[] {
  const violations: string[] = [];
  let before: Effect | null = null;
  for (const effect of timeline.effectsOf(path)) {
    const previous: Effect | null = before;
    before = effect;
    if (previous?.node == null || effect.node === null) continue;
    const [was, is] = [previous.node, effect.node];
    const at = `${path} at ${hex(effect.zxid)} is ${stateInWords(is)}, after ${stateInWords(was)}`;
    if (was.czxid !== is.czxid) {
      const known = timeline.mayBeGone(path, was, is.czxid);
      if (!known) violations.push(`${at}: nobody deleted it in between`);
      continue;
    }
    const unseen = is.version - was.version - 1;
    if (unseen < 0) violations.push(`${at}: versions do not grow`);
    else if (unseen > timeline.lost(path, 'set').length + timeline.unseenSets(path)) {
      violations.push(`${at}: ${unseen} writes in between that nobody asked for`);
    }
  }
  return violations;
}

/** Whether the answer is the one that the state before allows. */
function* checkAnswer(operation: Operation, timeline: Timeline): Iterable<string> {
  const { action, outcome } = operation;
  const zxid = orderOf(operation, timeline)!;
  if (outcome.kind === 'refused') {
    if (action.type === 'multi') return;
    const why = refusalFault(writesOf(operation)[0]!, outcome.code, zxid, timeline);
    if (why !== null) yield why;
    return;
  }
  const writes = writesOf(operation);
  for (const [i, write] of writes.entries()) {
    // What parts of a multi do to the same node depends on each other, not on what was before.
    if (writes.some((other, j) => j < i && other.path === write.path)) continue;
    const why = permissionFault(operation, write, zxid, timeline);
    if (why !== null) yield why;
  }
}

/** Why a write that took place should have been refused. */
function permissionFault(operation: Operation, write: Write, zxid: Zxid, timeline: Timeline): string | null {
  const i = writesOf(operation).indexOf(write);
  const { outcome } = operation;
  const path = (outcome.kind === 'ok' && outcome.nodes[i]?.path) || write.path;
  if (write.type === 'create' && write.sequential && outcome.kind !== 'ok') return null;
  const before = timeline.at(path, zxid - 1);
  const was = before?.node ?? null;
  if (write.type === 'create') {
    if (was === null || timeline.mayBeGone(path, was, zxid)) return null;
    return `the node was there: ${stateInWords(was)}`;
  }
  if (was === null) {
    return timeline.lost(path, 'create').length > 0 ? null : 'there was no node';
  }
  if (write.version === -1 || was.version === write.version) return null;
  const mayBeOther = timeline.lost(path, 'set').length + timeline.unseenSets(path) > 0;
  return mayBeOther || timeline.lost(path, 'create').length > 0
    ? null
    : `the node had another version: ${stateInWords(was)}`;
}

/** Why a write that was refused should not have been. */
function refusalFault(write: Write, code: string, zxid: Zxid, timeline: Timeline): string | null {
  const was = timeline.at(write.path, zxid)?.node ?? null;
  if (code === 'NodeExists' && write.type === 'create' && !write.sequential) {
    return was !== null || timeline.lost(write.path, 'create').length > 0 ? null : 'there was no node';
  }
  if (code === 'NoNode' && write.type !== 'create') {
    if (was === null || timeline.mayBeGone(write.path, was, zxid)) return null;
    return `the node was there: ${stateInWords(was)}`;
  }
  if (code === 'BadVersion' && write.type !== 'create') {
    const unknown = timeline.lost(write.path, 'set').length + timeline.unseenSets(write.path);
    const others = unknown + timeline.lost(write.path, 'create').length;
    if (others > 0 || (was !== null && was.version !== write.version)) return null;
    return was === null ? 'there was no node' : `the node had that version: ${stateInWords(was)}`;
  }
  return null;
}
