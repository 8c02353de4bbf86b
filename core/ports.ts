/**
 * The only doors between the server's code and the world. Production opens them on Node (core/io), the simulator on a
 * simulated clock, disk and network: what runs is the same code.
 */

/** Two clocks: the wall for the times that nodes carry, a monotonic one for every duration and deadline. */
export interface Clock {
  /** Milliseconds since 1970, an integer; may jump. */
  wallMs(): number;
  /** Milliseconds since some fixed moment; never goes back. */
  monotonicMs(): number;
}

/** A source of chance that can be seeded. */
export interface Random {
  /** An integer in [0, bound). */
  below(bound: number): number;
}

/** What the server tells its operator. `fields` are machine-readable companions of the message. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};

/** Called once when an effect on the disk has ended; `error` is null when it succeeded. */
export type DiskDone = (error: Error | null) => void;

/**
 * The part of a file system that storage needs. Synchronous calls block and throw; they are for start-up, small files and
 * tests. The two that carry every write of a running server, `write` and `datasync`, report through a callback.
 */
export interface Files {
  /** Names in a directory, unsorted; throws if there is none. */
  list(directory: string): string[];
  /** Makes a directory and those above it; no error if it is there. */
  makeDirectory(directory: string): void;
  exists(path: string): boolean;
  /** `read`: must exist. `edit`: must exist, read and write. `create`: read and write, made or emptied. */
  open(path: string, mode: 'read' | 'edit' | 'create'): OpenFile;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Makes names in the directory durable: files created, renamed or removed in it. */
  syncDirectory(directory: string): void;
}

export interface OpenFile {
  readonly path: string;
  size(): number;
  /** Fills as much of `into` as the file has from `at`; returns the number of bytes, 0 at the end. */
  read(into: Buffer, at: number): number;
  /** Writes all bytes at `at`; they are durable only after a later `datasync`. `bytes` must stay unchanged until done. */
  write(bytes: Buffer, at: number, done: DiskDone): void;
  writeNow(bytes: Buffer, at: number): void;
  /** Makes everything durable that was written before the call (fdatasync). */
  datasync(done: DiskDone): void;
  datasyncNow(): void;
  truncate(length: number): void;
  close(): void;
}

/** One client's byte stream, as the edge offers it. What comes in is pushed to the server by whoever made the link. */
export interface ClientLink {
  /** Peer's address without port. */
  readonly remoteIp: string;
  readonly remotePort: number;
  /** Bytes written and not yet taken by the system. */
  readonly bufferedBytes: number;
  /** Sends bytes in order; they belong to the link from now on. */
  write(bytes: Buffer): void;
  /** Ends the stream after what was written. Nothing is pushed any more. */
  close(): void;
  pauseReading(): void;
  resumeReading(): void;
}
