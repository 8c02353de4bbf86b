import { DiskLog } from '../../core/io/disk-log.ts';
import { DiskSnapshots } from '../../core/io/disk-snapshot.ts';
import { type Clock, silentLogger } from '../../core/ports.ts';
import type { SnapshotSource, ZxidDigest } from '../../core/storage/contract.ts';
import { type Recovered, recover } from '../../core/storage/recovery.ts';
import { writeSnapshotNode } from '../../core/storage/snapshot-format.ts';
import { ByteWriter } from '../../wire/bytes.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { writeLoggedTxn } from '../../wire/txn.ts';
import { RecordedState } from '../kit/recorded-state.ts';
import type { Rng } from '../kit/seed.ts';
import { SimulatedFiles } from '../kit/simulated-files.ts';

const noTime: Clock = { wallMs: () => 0, monotonicMs: () => 0 };
const stat = Buffer.alloc(60);

/** A setData transaction whose bytes are told by its zxid's data. */
export function makeTxn(zxid: number, data: Buffer): Buffer {
  const writer = new ByteWriter();
  writeLoggedTxn(writer, {
    header: { clientId: 1n, cxid: zxid, zxid, time: zxid, type: OpCode.setData },
    txn: { type: OpCode.setData, body: { path: '/a', data, version: zxid } },
    digest: { version: 2, treeDigest: BigInt(zxid) },
  });
  return writer.finish();
}

/**
 * A server's storage reduced to its history: the state is the list of transactions, a snapshot holds one node for each. It
 * lives several lives on one simulated disk; after each, what comes back is compared with what was appended and acknowledged.
 */
export class CrashTrial {
  readonly files: SimulatedFiles;
  readonly #rng: Rng;
  readonly #logDirectory: string;
  readonly #snapshotDirectory: string;
  /** Every transaction that was ever appended and not given up, by zxid - 1. */
  #appended: Buffer[] = [];
  /** Last zxid that was reported durable, or that a recovery showed. */
  #acknowledged = 0;
  #log: DiskLog | null = null;
  #snapshots: DiskSnapshots | null = null;
  #failure: Error | null = null;
  readonly counts = { lives: 0, lost: 0, kept: 0, torn: 0, snapshots: 0, failures: 0 };

  constructor(rng: Rng) {
    this.#rng = rng;
    this.files = new SimulatedFiles(rng.fork());
    this.#logDirectory = rng.chance(50) ? '/data/log/version-2' : '/data/version-2';
    this.#snapshotDirectory = '/data/version-2';
  }

  run(lives: number): void {
    for (let life = 0; life < lives; life++) {
      this.counts.lives += 1;
      this.#start();
      this.#live();
      if (this.#rng.chance(20)) this.files.kill();
      else this.files.crash();
    }
    this.#start();
  }

  /** Recovers, now and then with a failing disk or a crash in between, and checks what came back. */
  #start(): void {
    while (this.#rng.chance(20)) {
      const action = this.#rng.pick(['open', 'datasync', 'truncate', 'syncDirectory'] as const);
      this.files.planFault({ action, code: 'EIO', after: this.#rng.below(4) });
      try {
        this.#recover();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
      }
      this.files.crash();
    }
    const { recovered, state } = this.#recover();
    this.#check(recovered, state);
    this.counts.torn += recovered.torn.length;
    this.counts.lost += this.#appended.length - recovered.zxid;
    this.counts.kept += recovered.zxid - this.#acknowledged;
    this.#appended.length = recovered.zxid;
    this.#acknowledged = recovered.zxid;
    this.#failure = null;
    const again = this.#recover();
    if (again.recovered.zxid !== recovered.zxid || again.recovered.torn.length > 0) {
      throw new Error(`a second recovery differs: ${JSON.stringify([recovered, again.recovered])}`);
    }
    this.#open(recovered.fresh);
  }

  #recover(): { recovered: Recovered; state: RecordedState } {
    const state = new RecordedState();
    const recovered = recover(
      this.files,
      {
        snapshotDirectory: this.#snapshotDirectory,
        logDirectory: this.#logDirectory,
        snapshotTrustEmpty: false,
        logger: silentLogger,
      },
      state,
    );
    return { recovered, state };
  }

  #check(recovered: Recovered, state: RecordedState): void {
    const { zxid } = recovered;
    if (zxid < this.#acknowledged)
      throw new Error(`${this.#acknowledged} was acknowledged, ${zxid} came back`);
    if (zxid > this.#appended.length)
      throw new Error(`${zxid} came back, ${this.#appended.length} was the last`);
    const history = new Map<number, Buffer>();
    for (const node of state.nodes) history.set(Number(node.path.slice(1)), node.data as Buffer);
    for (const { logged, bytes } of state.txns) history.set(logged.header.zxid, bytes);
    history.delete(0);
    for (let at = 1; at <= zxid; at++) {
      if (history.get(at)?.equals(this.#appended[at - 1] as Buffer) !== true) {
        throw new Error(`transaction ${at} of ${zxid} came back wrong or not at all`);
      }
    }
    if (history.size !== zxid) throw new Error(`${history.size} transactions came back, expected ${zxid}`);
  }

  #open(fresh: boolean): void {
    this.#snapshots = new DiskSnapshots(this.files, {
      snapshotDirectory: this.#snapshotDirectory,
      logDirectory: this.#logDirectory,
      logger: silentLogger,
      yieldTurn: this.files.yieldTurn,
    });
    let ready = !fresh;
    if (fresh) this.#snapshots.write(this.#source(), (error) => (ready = error === null));
    for (let steps = this.#rng.chance(20) ? this.#rng.below(6) : 100; !ready && steps > 0; steps--)
      this.files.step();
    this.#log = ready ? this.#openLog() : null;
  }

  #openLog(): DiskLog {
    const events = {
      durable: (zxid: number) => {
        if (this.#failure !== null) throw new Error(`${zxid} was reported durable after a failure`);
        this.#acknowledged = zxid;
      },
      failed: (error: Error) => {
        if (this.#failure !== null) throw new Error('a failure was reported twice');
        this.#failure = error;
        this.counts.failures += 1;
      },
    };
    const options = {
      preAllocSizeBytes: this.#rng.pick([0, 4096, 65_536]),
      forceSync: true,
      fsyncWarningThresholdMs: 1000,
      clock: noTime,
      logger: silentLogger,
    };
    return new DiskLog(this.files, this.#logDirectory, options, events);
  }

  #live(): void {
    const log = this.#log;
    if (log === null) return;
    if (this.#rng.chance(15)) this.#planFault();
    for (let turn = this.#rng.below(20); turn > 0; turn--) {
      for (let count = this.#rng.below(6); count > 0; count--) this.#append(log);
      if (this.#rng.chance(80)) log.flush();
      for (let steps = this.#rng.below(4); steps > 0; steps--) this.files.step();
      if (this.#rng.chance(8)) log.roll();
      if (this.#rng.chance(8)) this.#snapshot();
      if (this.#rng.chance(4)) this.#purge();
    }
    if (this.#rng.chance(20)) {
      let closed = false;
      log.close(() => (closed = true));
      this.files.run();
      if (!closed) throw new Error('the log did not close');
      const left = this.#appended.length - this.#acknowledged;
      if (this.#failure === null && left > 0) throw new Error(`closed with ${left} transactions unsaved`);
    }
  }

  #purge(): void {
    try {
      this.#snapshots?.purge(this.#rng.between(1, 3));
    } catch (error) {
      if (!/simulated/.test((error as Error).message)) throw error;
    }
  }

  #planFault(): void {
    const action = this.#rng.pick(['open', 'write', 'datasync', 'rename', 'syncDirectory'] as const);
    this.files.planFault({ action, code: this.#rng.pick(['EIO', 'ENOSPC']), after: this.#rng.below(10) });
  }

  #append(log: DiskLog): void {
    if (this.#failure !== null) return;
    const zxid = this.#appended.length + 1;
    const bytes = makeTxn(zxid, this.#data());
    this.#appended.push(bytes);
    const lent = Buffer.from(bytes);
    log.append(zxid, lent);
    lent.fill(0xee);
  }

  /** Mostly small; at times zeros, so that sectors look unwritten, and at times longer than a batch. */
  #data(): Buffer {
    const kind = this.#rng.below(1000);
    if (kind < 2) return Buffer.alloc(300_000, this.#rng.below(256));
    if (kind < 60) return Buffer.alloc(this.#rng.below(2000));
    if (kind < 150) return this.#rng.bytes(this.#rng.below(1500));
    return this.#rng.bytes(this.#rng.below(200));
  }

  #snapshot(): void {
    const snapshots = this.#snapshots;
    if (snapshots === null || snapshots.busy || this.#failure !== null) return;
    snapshots.write(this.#source(), (error) => {
      if (error === null) this.counts.snapshots += 1;
    });
  }

  /** Fuzzy: shows in each chunk what is acknowledged by then. */
  #source(): SnapshotSource {
    const trial = this;
    let next = 0;
    return {
      zxid: this.#acknowledged,
      sessions: () => [],
      acls: () => [],
      writeNodes(writer, bytesGoal) {
        for (let count = 0; count < 10 && writer.pos < bytesGoal && next <= trial.#acknowledged; count++) {
          const data = next === 0 ? null : (trial.#appended[next - 1] as Buffer);
          writeSnapshotNode(writer, next === 0 ? '' : `/${next}`, data, -1, stat);
          next += 1;
        }
        return next <= trial.#acknowledged;
      },
      digest: (): ZxidDigest => ({ zxid: trial.#acknowledged, version: 2, digest: 0n }),
      close() {},
    };
  }
}
