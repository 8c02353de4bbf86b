import { type Acl, OPEN_ACL } from '../../wire/data.ts';

/** Id of a null ACL: world:anyone may do everything. It stands in no snapshot's map. */
export const OPEN_ACL_ID = -1;

interface AclEntry {
  readonly acl: readonly Acl[];
  readonly key: string;
  /** Permissions that world:anyone has by this list. */
  readonly worldPerms: number;
  usage: number;
}

/** The same for equal entries only: lengths keep a newline or a digit in an id from reading as another entry. */
export function aclEntryKey({ perms, id }: Acl): string {
  return `${perms} ${id.scheme?.length ?? -1} ${id.scheme} ${id.id?.length ?? -1} ${id.id}\n`;
}

function keyOf(acl: readonly Acl[]): string {
  let key = '';
  for (const entry of acl) key += aclEntryKey(entry);
  return key;
}

function worldPermsOf(acl: readonly Acl[]): number {
  let perms = 0;
  for (const entry of acl) {
    if (entry.id.scheme === 'world' && entry.id.id === 'anyone') perms |= entry.perms;
  }
  return perms;
}

const OPEN_KEY = keyOf(OPEN_ACL);

/** By far the most frequent list: its key need not be made each time. */
function isOpen(acl: readonly Acl[]): boolean {
  if (acl === OPEN_ACL) return true;
  const first = acl[0];
  return acl.length === 1 && first?.perms === 31 && first.id.scheme === 'world' && first.id.id === 'anyone';
}

const openEntry: AclEntry = { acl: OPEN_ACL, key: '', worldPerms: 31, usage: 0 };

/**
 * Each distinct ACL once, under a number that nodes carry (ReferenceCountedACLCache). A list that no node uses any more is
 * forgotten; numbers are never used twice, so a snapshot's map and its nodes cannot disagree about one.
 */
export class AclTable {
  readonly #byId = new Map<number, AclEntry>();
  readonly #idByKey = new Map<string, number>();
  #lastId = 0;

  get lastId(): number {
    return this.#lastId;
  }

  entries(): Iterable<readonly [id: number, acl: readonly Acl[]]> {
    const rows: [number, readonly Acl[]][] = [];
    for (const [id, entry] of this.#byId) rows.push([id, entry.acl]);
    return rows;
  }

  get(id: number): readonly Acl[] {
    return this.#entry(id).acl;
  }

  worldPerms(id: number): number {
    return this.#entry(id).worldPerms;
  }

  /** The number of a list, counted as used once more. */
  use(acl: readonly Acl[] | null): number {
    if (acl === null) return OPEN_ACL_ID;
    const key = isOpen(acl) ? OPEN_KEY : keyOf(acl);
    let id = this.#idByKey.get(key);
    if (id === undefined) {
      id = ++this.#lastId;
      this.#put(id, acl, key);
    }
    this.#byId.get(id)!.usage++;
    return id;
  }

  /**
   * One more node uses this number, as a snapshot says. One that the map lacks was given out while the snapshot was taken: the
   * transaction that did so is replayed and brings its list, under a new number, so no other list may get this one meanwhile.
   */
  useId(id: number): void {
    const entry = this.#byId.get(id);
    if (entry !== undefined) entry.usage++;
    else this.#lastId = Math.max(this.#lastId, id);
  }

  release(id: number): void {
    const entry = this.#byId.get(id);
    if (entry === undefined || --entry.usage > 0) return;
    this.#byId.delete(id);
    if (this.#idByKey.get(entry.key) === id) this.#idByKey.delete(entry.key);
  }

  /** Takes over one row of a snapshot's map. */
  load(id: number, acl: readonly Acl[]): void {
    this.#put(id, acl, keyOf(acl));
    this.#lastId = Math.max(this.#lastId, id);
  }

  /** Forgets every list, and which numbers were given out. */
  clear(): void {
    this.#byId.clear();
    this.#idByKey.clear();
    this.#lastId = 0;
  }

  /** Forgets what a loaded map held and no node uses. */
  dropUnused(): void {
    for (const [id, entry] of this.#byId) {
      if (entry.usage > 0) continue;
      this.#byId.delete(id);
      if (this.#idByKey.get(entry.key) === id) this.#idByKey.delete(entry.key);
    }
  }

  #put(id: number, acl: readonly Acl[], key: string): void {
    this.#byId.set(id, { acl, key, worldPerms: worldPermsOf(acl), usage: 0 });
    this.#idByKey.set(key, id);
  }

  /** A number that a fuzzy snapshot's map lacks: nobody but the super user gets in until replay has set the real list. */
  #entry(id: number): AclEntry {
    return id === OPEN_ACL_ID ? openEntry : (this.#byId.get(id) ?? lockedEntry);
  }
}

const lockedEntry: AclEntry = {
  acl: [{ perms: 0, id: { scheme: 'world', id: 'anyone' } }],
  key: '',
  worldPerms: 0,
  usage: 0,
};
