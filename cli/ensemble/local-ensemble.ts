import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { type DirectoryLock, lockDirectory } from '../../core/io/directory-lock.ts';
import { freePorts } from '../free-ports.ts';
import { assertFitsEnsemble, prepareMember } from './directories.ts';
import { LocalMember, placesIn } from './local-member.ts';

const HOST = '127.0.0.1';
/** ZooKeeper's usual ports between servers. */
const QUORUM_PORT = 2888;
const ELECTION_PORT = 3888;
/** Far above what a start takes on a machine that has other things to do. */
const SERVES_WITHIN_MS = 60_000;
const ASK_AGAIN_MS = 5;

export interface LocalEnsembleOptions {
  readonly servers: number;
  /** Each server gets a directory of its own in it; made if it is not there. */
  readonly directory: string;
  /** The first client port to try; 0 lets the system choose all ports. */
  readonly port: number;
  /** A server's process has ended by itself. */
  readonly onEnd: (member: LocalMember, how: string) => void;
}

/** Servers of this machine that form an ensemble, each a process of its own; they end with this process, however it ends. */
export class LocalEnsemble {
  readonly members: readonly LocalMember[];
  readonly #lock: DirectoryLock;

  private constructor(members: readonly LocalMember[], lock: DirectoryLock) {
    this.members = members;
    this.#lock = lock;
  }

  /**
   * Prepares directories and starts the processes. Rejects if the directory is in use or holds something else. `serves` tells
   * when they serve.
   */
  static async start(options: LocalEnsembleOptions): Promise<LocalEnsemble> {
    const directory = resolve(options.directory);
    const { servers, port, onEnd } = options;
    mkdirSync(directory, { recursive: true });
    const lock = await lockDirectory(directory);
    assertFitsEnsemble(directory, servers);
    const starts = [port, QUORUM_PORT, ELECTION_PORT].flatMap((start) =>
      Array.from({ length: servers }, () => (port === 0 ? 0 : start)),
    );
    const places = placesIn(directory, servers, await freePorts(starts, HOST));
    const members = places.map((place) => new LocalMember(place, prepareMember(place, places), onEnd));
    const ensemble = new LocalEnsemble(members, lock);
    // Before anybody removes the directory.
    process.prependOnceListener('exit', () => ensemble.#killNow());
    for (const member of members) member.start();
    return ensemble;
  }

  /** For clients of any of them. */
  get connectString(): string {
    return this.members.map(({ address }) => address).join(',');
  }

  /** Resolves when every server serves; rejects if one ends before. */
  async serves(): Promise<void> {
    await Promise.all(this.members.map((member) => member.serves(SERVES_WITHIN_MS)));
  }

  /** The server that leads and serves, as soon as there is one; `except` is not asked. */
  async leader(except?: LocalMember): Promise<LocalMember> {
    const asked = this.members.filter((member) => member !== except);
    const deadlineMs = performance.now() + SERVES_WITHIN_MS;
    while (performance.now() < deadlineMs) {
      const modes = await Promise.all(asked.map((member) => member.mode()));
      const leader = asked[modes.indexOf('leader')];
      if (leader !== undefined) return leader;
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
    throw new Error(`no server leads after ${SERVES_WITHIN_MS / 1000} s: their logs say why`);
  }

  /** Starts a server that was killed; resolves with the milliseconds from there until it serves again. */
  async restart(member: LocalMember): Promise<number> {
    const startedMs = performance.now();
    member.start();
    await member.serves(SERVES_WITHIN_MS);
    return performance.now() - startedMs;
  }

  /** Closes all servers in order; resolves when their processes are gone. */
  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
    this.#lock.release();
  }

  #killNow(): void {
    for (const member of this.members) member.killNow();
  }
}
