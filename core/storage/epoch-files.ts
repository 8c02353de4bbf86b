import { EPOCH_MAX, epochOf, formatZxid } from '../../wire/ids.ts';
import type { Files } from '../ports.ts';
import { StorageError } from './errors.ts';
import { joinPath } from './file-names.ts';

const ACCEPTED = 'acceptedEpoch';
const CURRENT = 'currentEpoch';
/** A number of 64 bits, with the end of the line that an editor may have added. */
const TEXT_BYTES_MAX = 24;

/**
 * The two numbers that a voter must never forget, in ZooKeeper's files `acceptedEpoch` and `currentEpoch`: the newest epoch
 * whose leader it promised to follow (it accepts no older one), and the epoch whose history it has on disk.
 *
 * Invariants: neither ever falls; acceptedEpoch >= currentEpoch >= the epoch of the last logged transaction. A value is
 * durable before the setter returns. After a setter threw, what is on disk is either value: stop the server.
 */
export class EpochFiles {
  readonly #files: Files;
  readonly #directory: string;
  #acceptedEpoch: number;
  #currentEpoch: number;

  /**
   * Reads both files from `directory`, which is `<dataDir>/version-2` and must be there; makes what is missing from the epoch
   * of `lastZxid`, the last transaction that recovery found.
   *
   * Throws `StorageError`: `bad-epoch` for a file that holds no epoch, `epochs-disagree` where the logs are ahead of
   * `acceptedEpoch` or it is behind `currentEpoch`; the files are then unchanged.
   */
  constructor(files: Files, directory: string, lastZxid: number) {
    this.#files = files;
    this.#directory = directory;
    const logged = epochOf(lastZxid);
    const accepted = this.#read(ACCEPTED);
    const current = this.#read(CURRENT);
    this.#acceptedEpoch = accepted ?? logged;
    this.#currentEpoch = current ?? logged;
    this.#assertAgree(lastZxid);
    // What is read was perhaps renamed right before a kill: it is relied upon from now on, so it must not vanish any more.
    files.syncDirectory(directory);
    if (accepted === null) this.#write(ACCEPTED, this.#acceptedEpoch);
    if (current === null) this.#write(CURRENT, this.#currentEpoch);
    this.#catchUp(logged);
  }

  get acceptedEpoch(): number {
    return this.#acceptedEpoch;
  }

  get currentEpoch(): number {
    return this.#currentEpoch;
  }

  /** Promises to follow no leader of an older epoch. Throws `RangeError` where it would fall; blocks for two syncs. */
  setAcceptedEpoch(epoch: number): void {
    assertEpoch(epoch, this.#acceptedEpoch);
    if (epoch === this.#acceptedEpoch) return;
    this.#write(ACCEPTED, epoch);
    this.#acceptedEpoch = epoch;
  }

  /**
   * States that the history of this epoch's leader is on disk: call it when that is durable, and before the acknowledgement
   * of NEWLEADER (ZOOKEEPER-4643). Throws `RangeError` where it would fall or pass `acceptedEpoch`.
   */
  setCurrentEpoch(epoch: number): void {
    assertEpoch(epoch, this.#currentEpoch);
    if (epoch > this.#acceptedEpoch) {
      throw new RangeError(`epoch ${epoch} was never accepted, only ${this.#acceptedEpoch}`);
    }
    if (epoch === this.#currentEpoch) return;
    this.#write(CURRENT, epoch);
    this.#currentEpoch = epoch;
  }

  #assertAgree(lastZxid: number): void {
    const path = joinPath(this.#directory, ACCEPTED);
    const remedy =
      'The files were not written together. Restore the whole directory from one backup, or let the ensemble fill an empty one';
    if (this.#acceptedEpoch < this.#currentEpoch) {
      const reason = `accepted epoch ${this.#acceptedEpoch} is behind the current epoch ${this.#currentEpoch}`;
      throw new StorageError('epochs-disagree', path, `${reason}. ${remedy}`);
    }
    if (this.#acceptedEpoch < epochOf(lastZxid)) {
      const reason = `accepted epoch ${this.#acceptedEpoch} is behind the last transaction, ${formatZxid(lastZxid)}`;
      throw new StorageError('epochs-disagree', path, `${reason}. ${remedy}`);
    }
  }

  /**
   * A crash between the sync of a new leader's transactions and the write of `currentEpoch` leaves the logs ahead. Who holds
   * a transaction of an epoch holds all that came before it, so that epoch may be claimed; a later one may not, even if
   * `currentEpoch.tmp` names it, as the rest of its history may be missing. ZooKeeper takes the number in that file, and
   * refuses to start where there is none (ZOOKEEPER-2354, 4269).
   */
  #catchUp(logged: number): void {
    if (this.#currentEpoch >= logged) return;
    this.#write(CURRENT, logged);
    this.#currentEpoch = logged;
  }

  #read(name: string): number | null {
    const path = joinPath(this.#directory, name);
    if (!this.#files.exists(path)) return null;
    const file = this.#files.open(path, 'read');
    const bytes = Buffer.alloc(TEXT_BYTES_MAX);
    let text: string;
    try {
      text = bytes.toString('latin1', 0, file.read(bytes, 0));
    } finally {
      file.close();
    }
    const digits = /^\s*(\d{1,16})\s*$/.exec(text)?.[1];
    const epoch = Number(digits ?? Number.NaN);
    if (epoch <= EPOCH_MAX) return epoch;
    throw new StorageError(
      'bad-epoch',
      path,
      `${JSON.stringify(text)} is no epoch from 0 to ${EPOCH_MAX}. Restore the whole directory from a backup, or let the ensemble fill an empty one`,
    );
  }

  #write(name: string, epoch: number): void {
    const path = joinPath(this.#directory, name);
    const temporaryPath = `${path}.tmp`;
    const file = this.#files.open(temporaryPath, 'create');
    try {
      file.writeNow(Buffer.from(String(epoch), 'latin1'), 0);
      file.datasyncNow();
    } finally {
      file.close();
    }
    this.#files.rename(temporaryPath, path);
    this.#files.syncDirectory(this.#directory);
  }
}

function assertEpoch(epoch: number, last: number): void {
  if (!Number.isInteger(epoch) || epoch < last || epoch > EPOCH_MAX) {
    throw new RangeError(`epoch ${epoch} cannot follow ${last}`);
  }
}
