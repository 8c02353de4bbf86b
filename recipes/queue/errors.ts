/** The queue is empty. `peek` and `poll` answer null instead. */
export class NoSuchElementError extends Error {
  readonly code = 'NoSuchElement';
  readonly path: string;

  constructor(path: string) {
    super(`queue ${path}: no item [NoSuchElement]`);
    this.name = 'NoSuchElementError';
    this.path = path;
  }
}

/** The reason that a handler's signal aborts with when others may be given its item. */
export class ItemInDoubtError extends Error {
  readonly code = 'ItemInDoubt';
  readonly path: string;

  /** `path` is that of the item. */
  constructor(path: string) {
    super(
      `item ${path}: the connection or the session is lost, and others may be given the item [ItemInDoubt]`,
    );
    this.name = 'ItemInDoubtError';
    this.path = path;
  }
}
