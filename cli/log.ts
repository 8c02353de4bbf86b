import { pino } from 'pino';
import type { Logger } from '../core/ports.ts';
import { readableLine } from './log-format.ts';

const ROOT_FIELDS = { pid: process.pid };

/**
 * Logs to standard output: one JSON object a line, or text for people when that is a terminal. Lines are written before the
 * call returns, so that the last words of a process that dies are not lost.
 */
export function createLogger(level: string = process.env.ZOOKIT_LOG_LEVEL ?? 'info'): Logger {
  const options = {
    level,
    base: ROOT_FIELDS,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: pino.stdSerializers.err },
  };
  const sink = process.stdout.isTTY
    ? pino(options, { write: (line: string) => void process.stdout.write(readableLine(line)) })
    : pino(options, destination());
  return {
    debug: (message, fields = {}) => sink.debug(fields, message),
    info: (message, fields = {}) => sink.info(fields, message),
    warn: (message, fields = {}) => sink.warn(fields, message),
    error: (message, fields = {}) => sink.error(fields, message),
  };
}

/** Where standard output leads may be full or gone. That loses lines, but is no reason to end a server. */
function destination(): ReturnType<typeof pino.destination> {
  const stream = pino.destination({ fd: 1, sync: true });
  stream.on('error', () => {});
  return stream;
}
