/** The node that holds the configuration of the ensemble. */
export const CONFIG_NODE = '/zookeeper/config';

/** Nodes that every tree has and nobody can delete: parents before children, the root first. */
export const specialNodes: readonly string[] = ['/', '/zookeeper', '/zookeeper/quota', CONFIG_NODE];

export function isSpecialPath(path: string): boolean {
  return specialNodes.includes(path);
}
