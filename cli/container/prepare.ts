import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment, zooCfgOf } from './environment.ts';

/** Where an image of this server expects its configuration and keeps its data. */
export interface ContainerPaths {
  readonly confDir: string;
  readonly dataDir: string;
  readonly dataLogDir: string;
}

export const containerPaths: ContainerPaths = { confDir: '/conf', dataDir: '/data', dataLogDir: '/datalog' };

/**
 * Writes `zoo.cfg` and `myid` from the environment where there are none: files that are mounted or kept in a volume always win.
 * Returns the path of zoo.cfg.
 */
export function prepareContainer(environment: Environment, paths: ContainerPaths = containerPaths): string {
  const config = join(paths.confDir, 'zoo.cfg');
  if (!existsSync(config)) writeFileSync(config, zooCfgOf(environment, paths));
  const myid = join(paths.dataDir, 'myid');
  if (!existsSync(myid)) writeFileSync(myid, `${environment.ZOO_MY_ID ?? '1'}\n`);
  return config;
}
