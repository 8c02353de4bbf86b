import type { Acl } from '../../client/index.ts';

/** What nodes that are kept have in common. */
export interface KeptNodeOptions {
  /** What missing nodes above are made as; false makes none. Default `container`. */
  readonly parents?: 'container' | 'persistent' | false | undefined;
  /** ACL of the node, also of nodes that are made above. Default world:anyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
  /** Gives up starting. */
  readonly signal?: AbortSignal | undefined;
}

/** What ephemeral nodes that are kept have in common. */
export interface KeptEphemeralOptions extends KeptNodeOptions {
  /**
   * What is done about an ephemeral node of another session at the same path, as a program finds that was killed and comes back
   * before its old session has expired: `wait` until it is gone, or `replace` it. Two that are alive and replace each other go on
   * with it, once a second. Default `wait`.
   */
  readonly existing?: 'wait' | 'replace' | undefined;
}
