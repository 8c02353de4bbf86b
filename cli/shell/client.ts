import type { ZooKeeperClient } from '../../client/index.ts';

/** The part of a client that the shell's commands use. */
export type ShellClient = Pick<
  ZooKeeperClient,
  | 'get'
  | 'exists'
  | 'children'
  | 'childrenAndStat'
  | 'getAllChildrenNumber'
  | 'getEphemerals'
  | 'create'
  | 'set'
  | 'delete'
  | 'deleteRecursive'
  | 'getAcl'
  | 'setAcl'
  | 'addAuth'
  | 'sync'
  | 'whoAmI'
>;
