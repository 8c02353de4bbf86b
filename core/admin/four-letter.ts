import type { FourLetterWord } from '../../wire/four-letter.ts';
import { formatZxid } from '../../wire/ids.ts';
import { FULL_VERSION } from '../version.ts';
import { configurationText, directoriesText, environmentText } from './describe.ts';
import { connectionLine, connectionsText, dumpText } from './dump.ts';
import { formatAverage, formatHex } from './format.ts';
import { monitorValues } from './monitor.ts';
import type { HostView, ServerView } from './view.ts';
import { watchesByPath, watchesBySession, watchSummary } from './watches.ts';

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests';

/**
 * The text that answers a four-letter word; the connection is closed after it. `view` is null while the server serves nobody: a
 * member that has no leader. Only `srst` and `crst` change anything.
 */
export function fourLetterReply(
  word: FourLetterWord,
  whitelist: readonly string[],
  host: HostView,
  view: ServerView | null,
): string {
  if (!isWhitelisted(word, whitelist)) return `${word} is not executed because it is not in the whitelist.\n`;
  if (word === 'ruok') return 'imok';
  if (word === 'envi') return environmentText(host);
  if (word === 'gtmk' || word === 'stmk') return `${word} is not supported: this server has no trace mask.\n`;
  return view === null ? withoutService(word) : answer(word, view);
}

/** Apache ZooKeeper ends all of these lines but one. */
function withoutService(word: FourLetterWord): string {
  if (word === 'isro') return 'null';
  return word === 'hash' ? NOT_SERVING : `${NOT_SERVING}\n`;
}

/** `srvr` is always answered: ZooKeeper's own scripts depend on it. */
export function isWhitelisted(word: FourLetterWord, whitelist: readonly string[]): boolean {
  return word === 'srvr' || whitelist.includes(word) || whitelist.includes('*');
}

function answer(word: Exclude<FourLetterWord, 'ruok' | 'envi' | 'gtmk' | 'stmk'>, view: ServerView): string {
  switch (word) {
    case 'srvr':
      return serverText(view, false);
    case 'stat':
      return serverText(view, true);
    case 'mntr':
      return lines(monitorValues(view).map(([name, value]) => `zk_${name}\t${value}`));
    case 'conf':
      return configurationText(view);
    case 'dirs':
      return directoriesText(view);
    case 'cons':
      return connectionsText(view);
    case 'dump':
      return dumpText(view);
    case 'wchs':
      return watchSummary(view);
    case 'wchc':
      return watchesBySession(view);
    case 'wchp':
      return watchesByPath(view);
    case 'hash':
      return lines(Array.from(view.digests(), ({ zxid, digest }) => `${formatHex(zxid)}: ${digest}`));
    case 'isro':
      return view.mode === 'read-only' ? 'ro' : 'rw';
    case 'srst':
      view.stats.reset();
      view.ensemble?.leader?.proposalSizes.reset();
      return 'Server stats reset.\n';
    case 'crst':
      for (const connection of view.connections()) connection.stats.reset();
      return 'Connection stats reset.\n';
  }
}

function serverText(view: ServerView, withClients: boolean): string {
  const { stats } = view;
  const { min, average, max } = stats.latencyMs;
  const text: string[] = [`Zookeeper version: ${FULL_VERSION}`];
  if (view.mode === 'read-only') text.push('READ-ONLY mode; serving only read-only clients');
  if (withClients) {
    text.push('Clients:');
    for (const connection of view.connections()) text.push(connectionLine(connection, true));
    text.push('');
  }
  text.push(
    `Latency min/avg/max: ${Math.floor(min)}/${formatAverage(average)}/${Math.floor(max)}`,
    `Received: ${stats.packetsReceived}`,
    `Sent: ${stats.packetsSent}`,
    `Connections: ${view.connectionCount}`,
    `Outstanding: ${view.outstandingRequests}`,
    `Zxid: ${formatZxid(view.lastProcessedZxid)}`,
    `Mode: ${view.mode}`,
    `Node count: ${view.nodeCount}`,
  );
  const sizes = view.ensemble?.leader?.proposalSizes;
  if (sizes !== undefined) text.push(`Proposal sizes last/min/max: ${sizes.last}/${sizes.min}/${sizes.max}`);
  return lines(text);
}

function lines(text: readonly string[]): string {
  return text.map((line) => `${line}\n`).join('');
}
