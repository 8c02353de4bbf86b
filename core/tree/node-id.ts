/** Number of a node in its store; 0 is no node. Ids of removed nodes are used again. */
export type NodeId = number;

export const NO_NODE: NodeId = 0;
