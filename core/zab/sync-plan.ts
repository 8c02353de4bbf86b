import { counterOf, epochOf } from '../../wire/ids.ts';

/** The leader's committed history, as far as it is at hand: `CommittedLog` is one. */
export interface CommittedHistory {
  /** Everything after this zxid is held. */
  readonly base: number;
  /** Last zxid of the history. */
  readonly max: number;
  /** The greatest zxid of the history that is not above `zxid`; null if that is before `base`. */
  floor(zxid: number): number | null;
}

/** The part of the history that is in the log files: `LogSource` is one. */
export interface LoggedHistory {
  /** The greatest logged zxid that is not above `zxid`; null if the logs do not reach back so far. */
  floor(zxid: number): number | null;
  /** Whether the logs hold all of the history after `from` up to `to`, as far as can be told before they are read. */
  reaches(from: number, to: number): boolean;
}

export interface SyncSituation {
  /** Last transaction in the learner's log, as it said in ACKEPOCH. */
  readonly peerLastZxid: number;
  readonly committed: CommittedHistory;
  /** The leader's tree: `committed.max`, or epoch<<32 where nothing was committed since the epoch began. */
  readonly lastProcessedZxid: number;
  /** Null where the log files are not to be used: switched off, or too long to be cheaper than a snapshot. */
  readonly logged: LoggedHistory | null;
  /** Whether the learner removes snapshots too when it cuts its history back; true unless told otherwise. */
  readonly cutsSnapshots?: boolean;
}

/**
 * What to send before NEWLEADER. `zxid` is the packet's. Where there is a `from`, PROPOSAL and COMMIT of every transaction after
 * it follow: those up to `committed.base` from the log files if `fromDisk`, the others from memory.
 */
export type SyncPlan =
  | { readonly kind: 'diff'; readonly zxid: number; readonly from: number; readonly fromDisk: boolean }
  | { readonly kind: 'trunc'; readonly zxid: number }
  | { readonly kind: 'trunc-diff'; readonly zxid: number; readonly from: number; readonly fromDisk: boolean }
  | { readonly kind: 'snap'; readonly reason: string };

/**
 * The leader's choice of how a learner is brought up to the committed history (LearnerHandler.syncFollower). Apply it and begin
 * to forward proposals in the same step, so that none is missed or sent twice.
 *
 * It rests on what Zab makes of zxids: each names one transaction; counters of an epoch have no gaps; so who has the
 * transaction (e, c) has everything that the leader of e had before it, (e, 1) to (e, c - 1) included. And nobody has a
 * transaction of e, or e<<32 for its last zxid, unless that leader was established, hence its first history committed.
 * What of the learner's log is not in the committed history is therefore a tail, and the greatest zxid below it in the
 * same epoch stands in both.
 *
 * Where ZooKeeper would choose otherwise: a tail that ends within the history is cut where ZooKeeper sends a snapshot if the
 * epoch of the next transaction is another (an old leader that returns after new writes); and TRUNC never names a zxid with
 * counter 0, as no log holds it and ZooKeeper's learners would keep one transaction too many.
 *
 * A server of Apache ZooKeeper takes a snapshot whenever it is elected, before anybody follows it, and reads it again after it
 * has cut off its log: what should go is back, for good. So once this leader's own epoch makes a snapshot of its tree the newer
 * one, such a learner is sent that in place of a cut.
 */
export function planSync(situation: SyncSituation): SyncPlan {
  const plan = planFor(situation);
  const { cutsSnapshots = true, lastProcessedZxid, peerLastZxid } = situation;
  const isCut = plan.kind === 'trunc' || plan.kind === 'trunc-diff';
  if (!isCut || cutsSnapshots || lastProcessedZxid <= peerLastZxid) return plan;
  return snap('the learner would keep a snapshot of what it has to cut off');
}

function planFor(situation: SyncSituation): SyncPlan {
  const { peerLastZxid: peer, committed, lastProcessedZxid } = situation;
  const { max } = committed;
  if (peer === lastProcessedZxid) return { kind: 'diff', zxid: peer, from: peer, fromDisk: false };
  if (!endsWith(max, lastProcessedZxid)) return snap('the committed log does not end where the tree does');
  // Not even the special nodes of two fresh servers need be alike. Also how a learner asks for a snapshot.
  if (peer === 0) return snap('the learner has no history');
  if (peer > max) return planAhead(peer, max);
  if (peer >= committed.base) return planWithin(peer, committed.floor(peer), max, false);
  return planFromLogs(situation);
}

/** A tree that is elsewhere than the committed log (ZOOKEEPER-3526, 4352) must not be mended with that log. */
function endsWith(max: number, lastProcessedZxid: number): boolean {
  return max === lastProcessedZxid || (counterOf(lastProcessedZxid) === 0 && lastProcessedZxid > max);
}

/** The learner has more than was committed: proposals of a leader that is no more, or of this one (ZOOKEEPER-2832). */
function planAhead(peer: number, max: number): SyncPlan {
  if (isEpochStart(peer)) return snap('the learner is at the start of an epoch that is not in the history');
  if (isEpochStart(max)) return snap('the history ends with no transaction that could be cut back to');
  return { kind: 'trunc', zxid: max };
}

/** `floor` is the greatest zxid of the history that is not above `peer`. */
function planWithin(peer: number, floor: number | null, max: number, fromDisk: boolean): SyncPlan {
  if (floor === null) return snap('the learner lags more than is held');
  // An epoch starts with its leader's history, so there is nothing to cut, and what follows is what came since.
  if (floor === peer || isEpochStart(peer)) return { kind: 'diff', zxid: max, from: floor, fromDisk };
  if (epochOf(floor) === epochOf(peer) && !isEpochStart(floor)) {
    return { kind: 'trunc-diff', zxid: floor, from: floor, fromDisk };
  }
  return snap('cutting the learner back would cross an epoch');
}

/** The logs must hold what leads up to memory (ZOOKEEPER-2418), and a tail must be cut all the same (ZOOKEEPER-2846). */
function planFromLogs({ peerLastZxid: peer, committed, logged }: SyncSituation): SyncPlan {
  if (logged === null) return snap('the learner lags more than is in memory');
  const floor = logged.floor(peer);
  if (floor === null) return snap('the learner lags more than the logs reach back');
  if (!logged.reaches(floor, committed.base)) return snap('the logs have a gap');
  return planWithin(peer, floor, committed.max, true);
}

function isEpochStart(zxid: number): boolean {
  return counterOf(zxid) === 0;
}

function snap(reason: string): SyncPlan {
  return { kind: 'snap', reason };
}
