export { type Division, divide } from './divide.ts';
export { GroupMember } from './group-member.ts';
export type { NodeState } from './keeper.ts';
export {
  ClusterMembership,
  type Member,
  type MembershipChange,
  type MembershipOptions,
} from './membership.ts';
export type { KeptEphemeralOptions, KeptNodeOptions } from './node-options.ts';
export { type Part, PartRevokedError } from './part.ts';
export {
  type PartChange,
  type PartitionerOptions,
  type PartitionState,
  SetPartitioner,
} from './partitioner.ts';
export { PersistentNode, type PersistentNodeOptions } from './persistent-node.ts';
export { PersistentTtlNode, type PersistentTtlNodeOptions } from './ttl-node.ts';
