import { formatSessionId } from '../../wire/ids.ts';
import { formatDate, formatHex } from './format.ts';
import { lastOpText } from './op-codes.ts';
import type { ConnectionView, ServerView } from './view.ts';

const INTEREST_READ = 1;
const INTEREST_WRITE = 4;

/** `cons`: every connection with everything known about it, and an empty line. */
export function connectionsText(view: ServerView): string {
  let text = '';
  for (const connection of view.connections()) text += `${connectionLine(connection, false)}\n`;
  return `${text}\n`;
}

/** One connection as `stat` (brief) and `cons` print it. */
export function connectionLine(connection: ConnectionView, brief: boolean): string {
  const { stats, sessionId } = connection;
  const interest = (connection.reading ? INTEREST_READ : 0) | (connection.writing ? INTEREST_WRITE : 0);
  let line = ` /${connection.remoteAddress}[${interest}](queued=${connection.outstanding}`;
  line += `,recved=${stats.packetsReceived},sent=${stats.packetsSent}`;
  if (!brief && sessionId !== 0n) {
    line += `,sid=${formatSessionId(sessionId)},lop=${lastOpText(stats.lastOpCode)}`;
    line += `,est=${connection.establishedMs},to=${connection.sessionTimeoutMs}`;
    if (stats.lastCxid >= 0) line += `,lcxid=0x${formatHex(stats.lastCxid)}`;
    line += `,lzxid=0x${formatHex(stats.lastZxid)},lresp=${Math.floor(stats.lastResponseMs)}`;
    line += `,llat=${Math.floor(stats.lastLatencyMs)},minlat=${Math.floor(stats.latencyMs.min)}`;
    line += `,avglat=${Math.floor(stats.latencyMs.average)},maxlat=${Math.floor(stats.latencyMs.max)}`;
  }
  return `${line})`;
}

/** `dump`: sessions by the time of their expiry (on a learner by id), the ephemeral nodes of each, and connections. */
export function dumpText(view: ServerView): string {
  return `SessionTracker dump:\n${isLearner(view) ? globalSessions(view) : sessionSets(view)}ephemeral nodes dump:\n${ephemerals(view)}Connections dump:\n${connectionSet(view)}`;
}

function isLearner({ ensemble }: ServerView): boolean {
  return ensemble !== null && ensemble.leader === null;
}

function globalSessions(view: ServerView): string {
  const sessions = [...view.sessions()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const lines = sessions.map(({ id, timeoutMs }) => `${formatSessionId(id)}\t${timeoutMs}ms\n`);
  return `Global Sessions(${lines.length}):\n${lines.join('')}`;
}

function sessionSets(view: ServerView): string {
  const byExpiry = new Map<number, string[]>();
  let count = 0;
  for (const { id, expiresAtMs } of view.sessions()) {
    const set = byExpiry.get(expiresAtMs);
    if (set === undefined) byExpiry.set(expiresAtMs, [formatSessionId(id)]);
    else set.push(formatSessionId(id));
    count++;
  }
  let text = `Session Sets (${byExpiry.size})/(${count}):\n`;
  for (const [expiresAtMs, ids] of [...byExpiry].sort(([a], [b]) => a - b)) {
    text += `${ids.length} expire at ${formatDate(expiresAtMs)}:\n`;
    for (const id of ids) text += `\t${id}\n`;
  }
  return text;
}

function ephemerals(view: ServerView): string {
  let owners = 0;
  let text = '';
  for (const [session, paths] of view.ephemerals()) {
    owners++;
    text += `${formatSessionId(session)}:\n`;
    for (const path of paths) text += `\t${path}\n`;
  }
  return `Sessions with Ephemerals (${owners}):\n${text}`;
}

/**
 * Apache ZooKeeper groups connections by the time at which it would close them. Here a connection lives as long as its session
 * or its socket, so they are one set without a time.
 */
function connectionSet(view: ServerView): string {
  let count = 0;
  let text = '';
  for (const { remoteAddress, sessionId } of view.connections()) {
    count++;
    text += `\tip: /${remoteAddress} sessionId: ${formatSessionId(sessionId)}\n`;
  }
  return `Connections Sets (${count === 0 ? 0 : 1})/(${count}):\n${text}`;
}
