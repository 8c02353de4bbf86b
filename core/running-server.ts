import type { Files, Logger } from './ports.ts';

export interface ServerOptions {
  readonly logger?: Logger;
  /** The server cannot go on, for a disk that failed. Its connections are closed by then; nothing unsaved was acknowledged. */
  readonly onFatal?: (error: Error) => void;
  /** Where files are; the real file system unless told otherwise. */
  readonly files?: Files;
}

export interface RunningServer {
  /** Where clients connect: the port that the system chose where the configuration says 0. */
  readonly address: { readonly host: string; readonly port: number };
  /**
   * Ends a session at once, as if its client had been silent for its timeout. False if there is no such session, or if this is
   * a member of an ensemble that does not lead.
   */
  expireSession(sessionId: bigint): boolean;
  /** Closes connections, writes what is under way, closes the log and frees the port. Sessions go on at the next start. */
  close(): Promise<void>;
}
