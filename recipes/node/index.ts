export type { NodeState } from './keeper.ts';
export type { KeptNodeOptions } from './node-options.ts';
export { PersistentNode, type PersistentNodeOptions } from './persistent-node.ts';
