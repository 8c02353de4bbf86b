import type { ServerConfig } from '../config.ts';
import { FULL_VERSION } from '../version.ts';
import type { HostView, ServerView } from './view.ts';

/** Where ZooKeeper keeps its files below the configured directories. */
const VERSION_DIRECTORY = 'version-2';
/** The one way to elect a leader that there is: fast leader election over TCP. */
const ELECTION_ALGORITHM = 3;

/** `conf`: the settings in force, with ZooKeeper's names. */
export function configurationText(view: ServerView): string {
  const { config } = view;
  const { dataDirBytes, logDirBytes } = view.diskUse();
  const settings: [string, string | number][] = [
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
    ['serverId', view.ensemble === null ? 0 : config.serverId],
  ];
  const { ensemble } = view;
  if (ensemble === null) return pairs(settings);
  // The text of the members has no newline at its end, here as in the node that holds it.
  return `${pairs([...settings, ...memberSettings(config)])}membership: \n${ensemble.membership}`;
}

function memberSettings({ ensemble, serverId }: ServerConfig): [string, string | number][] {
  const own = ensemble.servers.find(({ id }) => id === serverId);
  const addresses = own?.addresses ?? [];
  return [
    ['initLimit', ensemble.initLimitTicks],
    ['syncLimit', ensemble.syncLimitTicks],
    ['electionAlg', ELECTION_ALGORITHM],
    ['electionPort', addresses.map(({ electionPort }) => electionPort).join('|')],
    ['quorumPort', addresses.map(({ quorumPort }) => quorumPort).join('|')],
    ['peerType', own?.role === 'observer' ? 1 : 0],
  ];
}

/** `envi`: what server, on what machine. Clients read the version from its first line. */
export function environmentText(host: HostView): string {
  return `Environment:\n${pairs([['zookeeper.version', FULL_VERSION], ...host.environment()])}`;
}

/** `dirs`: bytes on disk. */
export function directoriesText(view: ServerView): string {
  const { dataDirBytes, logDirBytes } = view.diskUse();
  return `datadir_size: ${dataDirBytes}\nlogdir_size: ${logDirBytes}\n`;
}

function pairs(values: Iterable<readonly [string, string | number]>): string {
  return Array.from(values, ([name, value]) => `${name}=${value}\n`).join('');
}
