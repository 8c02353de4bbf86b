import { FULL_VERSION } from '../version.ts';
import type { ServerView } from './view.ts';

/** Where ZooKeeper keeps its files below the configured directories. */
const VERSION_DIRECTORY = 'version-2';

/** `conf`: the settings in force, with ZooKeeper's names. */
export function configurationText(view: ServerView): string {
  const { config } = view;
  const { dataDirBytes, logDirBytes } = view.diskUse();
  return pairs([
    ['clientPort', view.clientPort],
    ['secureClientPort', -1],
    ['dataDir', `${config.dataDir}/${VERSION_DIRECTORY}`],
    ['dataDirSize', dataDirBytes],
    ['dataLogDir', `${config.dataLogDir}/${VERSION_DIRECTORY}`],
    ['dataLogSize', logDirBytes],
    ['tickTime', config.tickTimeMs],
    ['maxClientCnxns', config.maxClientCnxns],
    ['minSessionTimeout', config.minSessionTimeoutMs],
    ['maxSessionTimeout', config.maxSessionTimeoutMs],
    ['clientPortListenBacklog', config.clientPortListenBacklog],
    // Apache ZooKeeper gives a server alone no id, whatever `myid` says.
    ['serverId', view.mode === 'standalone' ? 0 : config.serverId],
  ]);
}

/** `envi`: what server, on what machine. Clients read the version from its first line. */
export function environmentText(view: ServerView): string {
  return `Environment:\n${pairs([['zookeeper.version', FULL_VERSION], ...view.environment()])}`;
}

/** `dirs`: bytes on disk. */
export function directoriesText(view: ServerView): string {
  const { dataDirBytes, logDirBytes } = view.diskUse();
  return `datadir_size: ${dataDirBytes}\nlogdir_size: ${logDirBytes}\n`;
}

function pairs(values: Iterable<readonly [string, string | number]>): string {
  return Array.from(values, ([name, value]) => `${name}=${value}\n`).join('');
}
