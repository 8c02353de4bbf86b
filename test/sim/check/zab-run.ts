import type { ServerId } from '../../../core/zab/quorum.ts';

/** A transaction, told apart from every other that was ever made: by its zxid and by what it holds. */
export interface Transaction {
  readonly zxid: number;
  readonly content: string;
}

/** Something proposed by a primary, when it had delivered so many transactions itself. */
export interface Broadcast {
  readonly transaction: Transaction;
  readonly deliveredBefore: number;
}

/**
 * A server from the moment at which it serves clients until it does not: a process of the paper, which delivers first all the
 * history that it begins with and then what is committed. A leader is a primary too, and broadcasts.
 */
export interface Process {
  readonly server: ServerId;
  readonly epoch: number;
  readonly isPrimary: boolean;
  readonly delivered: readonly Transaction[];
  readonly broadcasts: readonly Broadcast[];
}

/**
 * What was seen of the protocol in one run, from outside: what the checkers of Zab's properties judge (Junqueira, Reed, Serafini:
 * Zab: High-performance broadcast for primary-backup systems, 2011).
 */
export interface ZabRun {
  /** In the order in which they began to serve. */
  readonly processes: readonly Process[];
}

export type ZabCheck = (run: ZabRun) => string[];

export const epochOf = ({ zxid }: Transaction): number => Math.floor(zxid / 0x1_0000_0000);

export function inWords({ zxid, content }: Transaction): string {
  return `0x${zxid.toString(16)} (${content.slice(0, 12)})`;
}

export function nameOf({ server, epoch, isPrimary }: Process): string {
  return `server ${server}${isPrimary ? ' as primary' : ''} in epoch ${epoch}`;
}

/** What tells transactions apart. */
export const keyOf = ({ zxid, content }: Transaction): string => `${zxid} ${content}`;

/**
 * The processes whose deliveries are not just a beginning of the longest; and that one. Where there are none, all processes
 * deliver the same in the same order as far as they come, and pairs need no looking at.
 */
export function deviants({
  processes,
}: ZabRun): { readonly longest: Process; readonly others: Process[] } | null {
  const [first] = processes;
  if (first === undefined) return null;
  const longest = processes.reduce((a, b) => (b.delivered.length > a.delivered.length ? b : a), first);
  const isBeginning = (process: Process): boolean =>
    process.delivered.every((transaction, i) => keyOf(transaction) === keyOf(longest.delivered[i]!));
  return { longest, others: processes.filter((process) => process !== longest && !isBeginning(process)) };
}
