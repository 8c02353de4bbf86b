import type { Data, OperationOptions } from '../../client/context.ts';
import type { AclAndStat, ChildrenAndStat, NodeData, WatchedReadOptions } from '../../client/reads.ts';
import type { Created, NodeOptions, VersionOptions } from '../../client/writes.ts';
import type { Acl, ClientInfo, Stat } from '../../wire/data.ts';

/** The part of a client that the shell's commands use. */
export interface ShellClient {
  get(path: string, options?: WatchedReadOptions): Promise<NodeData>;
  exists(path: string, options?: WatchedReadOptions): Promise<Stat | null>;
  children(path: string, options?: WatchedReadOptions): Promise<string[]>;
  childrenAndStat(path: string, options?: WatchedReadOptions): Promise<ChildrenAndStat>;
  getAllChildrenNumber(path: string, options?: OperationOptions): Promise<number>;
  getEphemerals(path: string, options?: OperationOptions): Promise<string[]>;
  create(path: string, data: Data, options?: NodeOptions & OperationOptions): Promise<Created>;
  set(path: string, data: Data, options?: VersionOptions): Promise<Stat>;
  delete(path: string, options?: VersionOptions): Promise<void>;
  deleteRecursive(path: string, options?: OperationOptions): Promise<void>;
  getAcl(path: string, options?: OperationOptions): Promise<AclAndStat>;
  setAcl(path: string, acl: readonly Acl[], options?: VersionOptions): Promise<Stat>;
  addAuth(scheme: string, auth: string, options?: OperationOptions): Promise<void>;
  sync(path: string, options?: OperationOptions): Promise<void>;
  whoAmI(options?: OperationOptions): Promise<ClientInfo[]>;
}
