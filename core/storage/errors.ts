/** What can be wrong with the files on disk. */
export type StorageErrorCode =
  | 'corrupt-log' // a log is damaged where no crash of this server can have left it so
  | 'log-gap' // transactions are missing between two files
  | 'corrupt-snapshot' // a snapshot cannot be read to its end
  | 'no-valid-snapshot' // there is history, but no snapshot to begin with
  | 'unsupported-compression' // a snapshot is packed in a way that is not read here
  | 'directories-mixed' // snapshots in the log directory or logs in the snapshot directory
  | 'bad-epoch' // an epoch file that does not hold an epoch
  | 'epochs-disagree' // epoch files and logs that cannot have been written together
  | 'would-overwrite' // a new log would replace one that holds transactions
  | 'file-removed'; // a file that is being written has lost its name

/** A state of the files that the server must not go on with by itself. The message names the file and the way out. */
export class StorageError extends Error {
  readonly code: StorageErrorCode;
  /** The file at fault. */
  readonly path: string;

  constructor(code: StorageErrorCode, path: string, message: string) {
    super(`${path}: ${message}`);
    this.name = 'StorageError';
    this.code = code;
    this.path = path;
  }
}

/** A damaged log file: acknowledged transactions may be unreadable, so the server does not start. */
export class CorruptLogError extends StorageError {
  /** Offset in the file, in bytes, of the first entry that cannot be read. */
  readonly at: number;

  constructor(path: string, at: number, reason: string, remedy: string) {
    super('corrupt-log', path, `the transaction log is damaged at byte ${at}: ${reason}. ${remedy}`);
    this.name = 'CorruptLogError';
    this.at = at;
  }
}

/** A snapshot that ends early or whose checksum does not match. Recovery tries an older one. */
export class CorruptSnapshotError extends StorageError {
  /** Offset in the file, in bytes, at which reading stopped. */
  readonly at: number;

  constructor(path: string, at: number, reason: string) {
    super('corrupt-snapshot', path, `the snapshot cannot be read at byte ${at}: ${reason}`);
    this.name = 'CorruptSnapshotError';
    this.at = at;
  }
}
