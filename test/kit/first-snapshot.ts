import type { DiskSnapshots } from '../../core/io/disk-snapshot.ts';
import { TreeSnapshot } from '../../core/tree/snapshot-view.ts';
import type { DataTree } from '../../core/tree/tree.ts';
import type { SimulatedFiles } from './simulated-files.ts';

/** Writes the snapshot that a server begins with in an empty directory, all of it at once. */
export function writeFirstSnapshot(files: SimulatedFiles, snapshots: DiskSnapshots, tree: DataTree): void {
  let outcome: Error | null | undefined;
  snapshots.write(new TreeSnapshot(tree), (error) => (outcome = error));
  while (outcome === undefined && files.step());
  if (outcome !== null) throw outcome ?? new Error('the first snapshot never ended');
}
