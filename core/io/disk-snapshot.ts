import { ByteWriter } from '../../wire/bytes.ts';
import type { Files, Logger, OpenFile } from '../ports.ts';
import { adler32 } from '../storage/checksum.ts';
import type { SnapshotSource } from '../storage/contract.ts';
import {
  joinPath,
  listLogs,
  listSnapshots,
  logsAfter,
  snapshotName,
  temporarySnapshotName,
} from '../storage/file-names.ts';
import { endsLikeSnapshot, writeSnapshotEnd, writeSnapshotHead } from '../storage/snapshot-format.ts';

export interface DiskSnapshotsOptions {
  /** `<dataDir>/version-2` */
  readonly snapshotDirectory: string;
  /** `<dataLogDir>/version-2`; may be the same. */
  readonly logDirectory: string;
  readonly logger: Logger;
  /** Lets other work run between two chunks. */
  readonly yieldTurn?: (next: () => void) => void;
}

/** `error` is null when the snapshot is durable under `path`. */
export type SnapshotDone = (error: Error | null, path: string) => void;

/** Calls back when the snapshot may have its name: it must not show what the log might yet lose. */
export type SnapshotReady = (publish: () => void) => void;

/** About a millisecond of work, between two turns of the event loop. */
const CHUNK_BYTES_GOAL = 256 * 1024;
/**
 * Synced in between, so that no gigabyte of unwritten pages piles up: the log's next fdatasync, which every write waits for,
 * would queue behind it.
 */
const SYNC_EVERY_BYTES = 1024 * 1024;

/** Writes snapshots beside a running server and removes old ones. */
export class DiskSnapshots {
  readonly #files: Files;
  readonly #options: DiskSnapshotsOptions;
  readonly #yieldTurn: (next: () => void) => void;
  /** The one under way, and behind it at most one that was not given up. */
  readonly #writes: SnapshotWrite[] = [];
  #onIdle: (() => void)[] = [];

  constructor(files: Files, options: DiskSnapshotsOptions) {
    this.#files = files;
    this.#options = options;
    this.#yieldTurn = options.yieldTurn ?? ((next) => setImmediate(next));
  }

  /** Whether a snapshot is being written, or one that was given up has not ended yet. */
  get busy(): boolean {
    return this.#writes.length > 0;
  }

  /** Calls back when no snapshot is being written any more: at once, or after the `done` of the last one. */
  whenIdle(callback: () => void): void {
    if (this.busy) this.#onIdle.push(callback);
    else callback();
  }

  /**
   * Writes a snapshot in chunks, yielding in between. It has its name only when it is complete and durable, so none that was
   * left half way is ever preferred to an older one. On an error nothing stays but the older ones. `done` is called once, in
   * a later turn. One at a time: throws while another is being written, and waits for the end of one that was given up.
   * `ready` is asked once everything is written.
   */
  write(source: SnapshotSource, done: SnapshotDone, ready: SnapshotReady = (publish) => publish()): void {
    if (this.#writes.some(({ isAborted }) => !isAborted)) {
      throw new Error('a snapshot is being written already');
    }
    const write = new SnapshotWrite(
      this.#files,
      this.#options.snapshotDirectory,
      source,
      this.#yieldTurn,
      ready,
      (error, path) => {
        this.#writes.shift();
        this.#startNext();
        done(error, path);
        if (this.busy) return;
        for (const callback of this.#onIdle.splice(0)) callback();
      },
    );
    this.#writes.push(write);
    if (this.#writes.length === 1) this.#startNext();
  }

  #startNext(): void {
    const [next] = this.#writes;
    if (next !== undefined) this.#yieldTurn(() => next.start());
  }

  /** Gives up the snapshot under way, if there is one: its `done` gets an error. */
  abort(): void {
    for (const write of this.#writes) write.abort();
  }

  /**
   * Keeps the newest `retainCount` complete snapshots and every log that is needed to go on from the oldest of them; removes
   * what is older. With fewer snapshots than that nothing is removed. Returns the paths removed; throws the file system's
   * errors, with nothing lost that is needed.
   */
  purge(retainCount: number): string[] {
    if (retainCount < 1) throw new RangeError('at least one snapshot must be kept');
    const snapshots = listSnapshots(this.#files, this.#options.snapshotDirectory);
    const kept = this.#newestComplete(snapshots, retainCount);
    const oldest = kept[retainCount - 1];
    if (oldest === undefined) return [];
    const logs = listLogs(this.#files, this.#options.logDirectory);
    const firstNeeded = logsAfter(logs, oldest.zxid - 1)[0]?.zxid ?? 0;
    const removed = [
      ...snapshots.filter((snapshot) => snapshot.zxid < oldest.zxid).map((snapshot) => snapshot.path),
      ...logs.filter((log) => log.zxid < firstNeeded).map((log) => log.path),
    ];
    if (removed.length === 0) return removed;
    // The kept ones must have their names durably before those go that could stand in for them.
    this.#files.syncDirectory(this.#options.snapshotDirectory);
    for (const path of removed) this.#files.remove(path);
    this.#options.logger.info('old snapshots and logs removed', { paths: removed });
    return removed;
  }

  #newestComplete(snapshots: ReturnType<typeof listSnapshots>, count: number): typeof snapshots {
    const complete: typeof snapshots = [];
    for (const snapshot of snapshots) {
      if (complete.length === count) break;
      if (snapshot.compression !== 'none' || endsLikeSnapshot(this.#files, snapshot.path)) {
        complete.push(snapshot);
      }
    }
    return complete;
  }
}

class SnapshotWrite {
  readonly #files: Files;
  readonly #directory: string;
  readonly #source: SnapshotSource;
  readonly #yieldTurn: (next: () => void) => void;
  readonly #ready: SnapshotReady;
  readonly #done: SnapshotDone;
  readonly #temporaryPath: string;
  readonly #path: string;
  readonly #writer = new ByteWriter(CHUNK_BYTES_GOAL + 64 * 1024);
  #file: OpenFile | null = null;
  #position = 0;
  #syncedPosition = 0;
  #adler = 1;
  #complete = false;
  #ended = false;
  #aborted = false;

  constructor(
    files: Files,
    directory: string,
    source: SnapshotSource,
    yieldTurn: (next: () => void) => void,
    ready: SnapshotReady,
    done: SnapshotDone,
  ) {
    this.#files = files;
    this.#directory = directory;
    this.#source = source;
    this.#yieldTurn = yieldTurn;
    this.#ready = ready;
    this.#done = done;
    this.#temporaryPath = joinPath(directory, temporarySnapshotName(source.zxid));
    this.#path = joinPath(directory, snapshotName(source.zxid));
  }

  start(): void {
    this.#step(() => {
      this.#file = this.#files.open(this.#temporaryPath, 'create');
      writeSnapshotHead(this.#writer, this.#source);
      this.#writeChunk();
    });
  }

  get isAborted(): boolean {
    return this.#aborted;
  }

  abort(): void {
    this.#aborted = true;
  }

  /** Runs one step; whatever goes wrong in it ends the snapshot. */
  #step(action: () => void): void {
    if (this.#ended) return;
    try {
      if (this.#aborted) throw new Error(`${this.#path}: the snapshot was given up`);
      action();
    } catch (error) {
      // Then it is whoever was told of the end that threw.
      if (this.#ended) throw error;
      this.#end(error as Error);
    }
  }

  #nextChunk(): void {
    this.#writer.reset();
    const more = this.#source.writeNodes(this.#writer, CHUNK_BYTES_GOAL);
    if (!more) {
      const digest = this.#source.digest();
      const lastProcessedZxid = digest === null ? null : Math.max(digest.zxid, this.#source.zxid);
      writeSnapshotEnd(this.#writer, this.#adler, digest, lastProcessedZxid);
      this.#complete = true;
    }
    this.#writeChunk();
  }

  #writeChunk(): void {
    const chunk = this.#writer.view();
    this.#adler = adler32(chunk, 0, chunk.length, this.#adler);
    (this.#file as OpenFile).write(chunk, this.#position, (error) => {
      this.#step(() => {
        if (error !== null) throw error;
        this.#position += chunk.length;
        if (this.#complete || this.#position - this.#syncedPosition >= SYNC_EVERY_BYTES) this.#sync();
        else this.#yieldTurn(() => this.#step(() => this.#nextChunk()));
      });
    });
  }

  #sync(): void {
    (this.#file as OpenFile).datasync((error) => {
      this.#step(() => {
        if (error !== null) throw error;
        this.#syncedPosition = this.#position;
        if (this.#complete) this.#ready(() => this.#step(() => this.#publish()));
        else this.#yieldTurn(() => this.#step(() => this.#nextChunk()));
      });
    });
  }

  #publish(): void {
    this.#file?.close();
    this.#file = null;
    this.#files.rename(this.#temporaryPath, this.#path);
    this.#files.syncDirectory(this.#directory);
    this.#end(null);
  }

  #end(error: Error | null): void {
    this.#ended = true;
    let outcome = error;
    try {
      this.#file?.close();
    } catch (closeError) {
      outcome ??= closeError as Error;
    }
    if (outcome !== null) this.#removeTemporary();
    this.#source.close();
    this.#done(outcome, this.#path);
  }

  #removeTemporary(): void {
    try {
      if (this.#files.exists(this.#temporaryPath)) this.#files.remove(this.#temporaryPath);
    } catch {
      // No reader takes it for a snapshot, and the next start removes it.
    }
  }
}
