import { createHash } from 'node:crypto';
import type { ServerId } from '../../core/zab/quorum.ts';
import type { Broadcast, Process, Transaction, ZabRun } from './check/zab-run.ts';
import type { TraceEvent } from './trace.ts';

interface OpenProcess extends Process {
  readonly delivered: Transaction[];
  readonly broadcasts: Broadcast[];
}

/** What a server holds, as its packets, its log and its tree have shown. */
interface Held {
  /** Everything in its log, committed or not; `applied` of it are in the tree. */
  log: Transaction[];
  applied: number;
  /** What the disk may still hold although another history has come. */
  before: Transaction[];
  /** Snapshots that came, by the zxid that they end with: where an epoch begins, no transaction has that zxid. */
  readonly snapshots: Map<number, Transaction[]>;
  isLeader: boolean;
  epoch: number;
  process: OpenProcess | null;
}

/** Follows a cluster's trace, and takes down what Zab's properties speak of. */
export class ZabRecorder implements ZabRun {
  readonly processes: OpenProcess[] = [];
  /** What cannot be, whatever the property. */
  readonly contradictions: string[] = [];
  readonly #held = new Map<ServerId, Held>();
  readonly #transactions = new Map<number, Transaction>();
  readonly #bytes = new Map<number, Buffer>();
  /** By learner: what its leader had applied when it began to send its tree. */
  readonly #sent = new Map<ServerId, Transaction[]>();

  readonly trace = (event: TraceEvent): void => {
    switch (event.kind) {
      case 'log':
        this.#log(event.server, this.#transaction(event.zxid, event.bytes), event.isProposal);
        return;
      case 'apply':
        this.#apply(event.server, this.#transaction(event.zxid, event.bytes), event.isCommitted);
        return;
      case 'history':
        this.#history(event.server, event.zxid, event.from !== null);
        return;
      case 'snapshot': {
        const { log, applied } = this.#of(event.from);
        this.#sent.set(event.to, log.slice(0, applied));
        return;
      }
      case 'role':
        this.#role(event);
        return;
    }
  };

  #of(server: ServerId): Held {
    let held = this.#held.get(server);
    if (held === undefined) {
      held = {
        log: [],
        applied: 0,
        before: [],
        snapshots: new Map(),
        isLeader: false,
        epoch: 0,
        process: null,
      };
      this.#held.set(server, held);
    }
    return held;
  }

  #transaction(zxid: number, bytes: Buffer): Transaction {
    const content = createHash('sha1').update(bytes).digest('base64');
    const known = this.#transactions.get(zxid);
    if (known?.content === content) return known;
    const transaction = { zxid, content };
    if (known === undefined) {
      this.#transactions.set(zxid, transaction);
      this.#bytes.set(zxid, bytes);
    } else this.contradictions.push(`0x${zxid.toString(16)} stands for two transactions`);
    return transaction;
  }

  #log(server: ServerId, transaction: Transaction, isProposal: boolean): void {
    const held = this.#of(server);
    const last = held.log.at(-1);
    if (last !== undefined && transaction.zxid <= last.zxid) {
      this.contradictions.push(
        `server ${server} logs 0x${transaction.zxid.toString(16)} behind 0x${last.zxid.toString(16)}`,
      );
    }
    held.log.push(transaction);
    if (!isProposal) return;
    const process = held.process ?? this.#begin(server, held, true);
    process.broadcasts.push({ transaction, deliveredBefore: process.delivered.length });
  }

  #apply(server: ServerId, transaction: Transaction, isCommitted: boolean): void {
    const held = this.#of(server);
    const next = held.log[held.applied];
    // On top of a snapshot that is not on disk yet, nothing is logged.
    if (next === undefined) held.log.push(transaction);
    else if (next !== transaction) {
      this.contradictions.push(
        `server ${server} applies 0x${transaction.zxid.toString(16)}, but its log goes on with 0x${next.zxid.toString(16)}`,
      );
      held.log.splice(held.applied, Infinity, transaction);
    }
    if (isCommitted && held.process === null) this.#begin(server, held, held.isLeader);
    held.applied++;
    if (isCommitted) held.process!.delivered.push(transaction);
  }

  /** Its tree is another one. */
  #history(server: ServerId, zxid: number, isSent: boolean): void {
    const held = this.#of(server);
    const sent = isSent ? (this.#sent.get(server) ?? []) : held.snapshots.get(zxid);
    if (isSent && zxid % 0x1_0000_0000 === 0) held.snapshots.set(zxid, [...sent!]);
    const log = sent ?? endingWith(zxid, [held.log, held.before]);
    if (log === null) {
      this.contradictions.push(
        `server ${server} has a history up to 0x${zxid.toString(16)}, which it never had`,
      );
      return;
    }
    held.before = isSent ? held.log : [];
    held.log = [...log];
    held.applied = log.length;
  }

  #role({ server, mode, serves, epoch }: Extract<TraceEvent, { kind: 'role' }>): void {
    const held = this.#of(server);
    held.isLeader = mode === 'leader';
    held.epoch = epoch;
    if (!serves) held.process = null;
    else if (held.process === null) this.#begin(server, held, held.isLeader);
  }

  #begin(server: ServerId, held: Held, isPrimary: boolean): OpenProcess {
    const delivered = held.log.slice(0, held.applied);
    const process = { server, epoch: held.epoch, isPrimary, delivered, broadcasts: [] };
    held.process = process;
    this.processes.push(process);
    return process;
  }

  /** Transactions that any server has delivered. */
  get deliveredCount(): number {
    return Math.max(0, ...this.processes.map(({ delivered }) => delivered.length));
  }

  /** Of the longest history that was delivered. */
  get delivered(): readonly Transaction[] {
    return this.processes.reduce<readonly Transaction[]>(
      (longest, { delivered }) => (delivered.length > longest.length ? delivered : longest),
      [],
    );
  }

  /** A transaction as it stands in logs. */
  bytesOf({ zxid }: Transaction): Buffer {
    return this.#bytes.get(zxid)!;
  }

  /** What a server's tree holds now. */
  appliedBy(server: ServerId): readonly Transaction[] {
    const { log, applied } = this.#of(server);
    return log.slice(0, applied);
  }
}

/**
 * The first of these histories that has a transaction of this zxid, as far as that. Where an epoch begins there is none: then as far
 * as the first goes in earlier epochs.
 */
function endingWith(
  zxid: number,
  candidates: readonly (readonly Transaction[])[],
): readonly Transaction[] | null {
  if (zxid % 0x1_0000_0000 === 0) return candidates[0]!.filter((transaction) => transaction.zxid < zxid);
  for (const log of candidates) {
    const at = log.findIndex((transaction) => transaction.zxid === zxid);
    if (at >= 0) return log.slice(0, at + 1);
  }
  return null;
}
