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
