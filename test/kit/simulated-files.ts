import type { DiskDone, Files, OpenFile } from '../../core/ports.ts';
import type { Rng } from './seed.ts';
import { SimulatedInode, SURVIVALS, type Survival } from './simulated-file.ts';

export type FaultyAction = 'open' | 'write' | 'datasync' | 'truncate' | 'rename' | 'syncDirectory';

/** An error to come: at the `after`-th action of this kind from now (0: the next) whose path matches. */
export interface PlannedFault {
  readonly action: FaultyAction;
  readonly code: 'ENOSPC' | 'EIO';
  readonly after?: number;
  readonly path?: RegExp;
}

type NameChange =
  | { readonly kind: 'put'; readonly path: string; readonly inode: SimulatedInode }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'directory'; readonly path: string };

/**
 * A disk in memory that loses what a crash may lose: writes that no sync followed are kept, lost or torn at sectors of 512
 * bytes in any combination; names that were made, changed or removed come and go with their directory's sync. Nothing
 * happens by itself: `step` completes one write or sync that is under way, in an order that the seed decides.
 */
export class SimulatedFiles implements Files {
  readonly #rng: Rng;
  #inodes = new Map<string, SimulatedInode>();
  #durableNames = new Map<string, SimulatedInode>();
  #directories = new Set<string>(['/']);
  #durableDirectories = new Set<string>(['/']);
  #nameChanges: NameChange[] = [];
  #running: (() => void)[] = [];
  #faults: { fault: PlannedFault; left: number }[] = [];
  /** Counts the lives of the machine: files opened before a crash are of no use after it. */
  life = 0;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  planFault(fault: PlannedFault): void {
    this.#faults.push({ fault, left: fault.after ?? 0 });
  }

  /** Writes and syncs that are under way. */
  get pending(): number {
    return this.#running.length;
  }

  /** Ends one write or sync that is under way. False when there is none. */
  step(): boolean {
    if (this.#running.length === 0) return false;
    const [task] = this.#running.splice(this.#rng.below(this.#running.length), 1);
    task?.();
    return true;
  }

  /** Ends everything that is under way, and what follows from it. */
  run(): void {
    while (this.step());
  }

  /** For code that yields to other work: `next` comes with a later step. */
  readonly yieldTurn = (next: () => void): void => {
    this.#start(next);
  };

  /** Power goes, at once. What was under way never ends; files must be opened anew. */
  crash(): void {
    this.life += 1;
    this.#running = [];
    this.#faults = [];
    this.#crashNames();
    for (const inode of new Set(this.#durableNames.values())) inode.crash(this.#survival(), this.#rng);
    this.#inodes = new Map(this.#durableNames);
    this.#directories = new Set(this.#durableDirectories);
    for (const path of [...this.#inodes.keys()]) {
      if (!this.#directories.has(parent(path))) this.#inodes.delete(path);
    }
    this.#durableNames = new Map(this.#inodes);
  }

  /** The process dies, the machine does not: what was written stays, what is under way never reports. */
  kill(): void {
    this.life += 1;
    this.#running = [];
    this.#faults = [];
  }

  #survival(): Survival {
    return this.#rng.pick(SURVIVALS);
  }

  #crashNames(): void {
    for (const change of this.#nameChanges.splice(0)) if (this.#rng.chance(50)) this.#makeNameDurable(change);
  }

  #makeNameDurable(change: NameChange): void {
    const names = this.#durableNames;
    if (change.kind === 'put') names.set(change.path, change.inode);
    else if (change.kind === 'remove') names.delete(change.path);
    else if (change.kind === 'directory') this.#durableDirectories.add(change.path);
    else {
      const inode = names.get(change.from) ?? this.#inodes.get(change.to);
      names.delete(change.from);
      if (inode !== undefined) names.set(change.to, inode);
    }
  }

  #start(task: () => void): void {
    this.#running.push(task);
  }

  #throwIfPlanned(action: FaultyAction, path: string): void {
    for (const planned of this.#faults) {
      if (planned.fault.action !== action || planned.fault.path?.test(path) === false) continue;
      planned.left -= 1;
      if (planned.left >= 0) continue;
      this.#faults.splice(this.#faults.indexOf(planned), 1);
      const { code } = planned.fault;
      throw Object.assign(new Error(`${code}: simulated, ${action} '${path}'`), { code, path });
    }
  }

  list(directory: string): string[] {
    this.#assertDirectory(directory);
    const names = [...this.#inodes.keys(), ...this.#directories]
      .filter((path) => path !== '/' && parent(path) === directory)
      .map((path) => path.slice(path.lastIndexOf('/') + 1));
    return names.sort();
  }

  makeDirectory(directory: string): void {
    if (this.#directories.has(directory)) return;
    this.makeDirectory(parent(directory));
    this.#directories.add(directory);
    this.#nameChanges.push({ kind: 'directory', path: directory });
  }

  exists(path: string): boolean {
    return this.#inodes.has(path) || this.#directories.has(path);
  }

  open(path: string, mode: 'read' | 'edit' | 'create'): OpenFile {
    this.#throwIfPlanned('open', path);
    let inode = this.#inodes.get(path);
    if (mode === 'create') {
      this.#assertDirectory(parent(path));
      if (inode === undefined) {
        inode = new SimulatedInode();
        this.#inodes.set(path, inode);
        this.#nameChanges.push({ kind: 'put', path, inode });
      } else inode.truncate(0);
    }
    if (inode === undefined) throw missing(path);
    return this.#openInode(path, inode);
  }

  rename(from: string, to: string): void {
    this.#throwIfPlanned('rename', from);
    const inode = this.#inodes.get(from);
    if (inode === undefined) throw missing(from);
    this.#inodes.delete(from);
    this.#inodes.set(to, inode);
    this.#nameChanges.push({ kind: 'rename', from, to });
  }

  remove(path: string): void {
    if (!this.#inodes.delete(path)) throw missing(path);
    this.#nameChanges.push({ kind: 'remove', path });
  }

  syncDirectory(directory: string): void {
    this.#throwIfPlanned('syncDirectory', directory);
    this.#assertDirectory(directory);
    const of = (change: NameChange) =>
      parent(change.kind === 'rename' ? change.to : change.path) === directory;
    for (const change of this.#nameChanges.filter(of)) this.#makeNameDurable(change);
    this.#nameChanges = this.#nameChanges.filter((change) => !of(change));
  }

  #assertDirectory(directory: string): void {
    if (!this.#directories.has(directory)) throw missing(directory);
  }

  #openInode(path: string, inode: SimulatedInode): OpenFile {
    const life = this.life;
    let open = true;
    const use = (): void => {
      if (life !== this.life) throw new Error(`${path}: used after a crash`);
      if (!open) throw new Error(`${path}: used after close`);
    };
    const attempt = (action: FaultyAction, done: DiskDone, effect: () => void, onFault: () => void): void => {
      use();
      this.#start(() => {
        try {
          this.#throwIfPlanned(action, path);
        } catch (error) {
          onFault();
          done(error as Error);
          return;
        }
        effect();
        done(null);
      });
    };
    const writeNow = (bytes: Buffer, at: number): void => {
      use();
      try {
        this.#throwIfPlanned('write', path);
      } catch (error) {
        inode.write(bytes.subarray(0, this.#rng.below(bytes.length + 1)), at);
        throw error;
      }
      inode.write(bytes, at);
    };
    return {
      path,
      size: () => inode.size,
      read: (into, at) => {
        use();
        return inode.read(into, at);
      },
      // A write under way may be on its way to the disk before it ends: what is written at the start may survive a crash.
      write: (bytes, at, done) => {
        use();
        inode.write(bytes.subarray(0, this.#rng.below(bytes.length + 1)), at);
        attempt(
          'write',
          done,
          () => inode.write(bytes, at),
          () => {},
        );
      },
      writeNow,
      datasync: (done) => {
        const count = inode.changeCount;
        attempt(
          'datasync',
          done,
          () => inode.makeDurable(count),
          () => inode.forgetSome(count, this.#rng),
        );
      },
      datasyncNow: () => {
        use();
        this.#throwIfPlanned('datasync', path);
        inode.makeDurable(inode.changeCount);
      },
      truncate: (length) => {
        use();
        this.#throwIfPlanned('truncate', path);
        inode.truncate(length);
      },
      close: () => {
        open = false;
      },
    };
  }
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

function missing(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or directory '${path}'`), { code: 'ENOENT', path });
}
