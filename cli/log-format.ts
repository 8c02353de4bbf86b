import colors from 'picocolors';

const shownElsewhere = new Set(['level', 'time', 'pid', 'msg']);

const paint: Readonly<Record<string, (text: string) => string>> = {
  debug: colors.dim,
  info: colors.green,
  warn: colors.yellow,
  error: colors.red,
};

/** One line of JSON from the logger as a line for people: time of day, level, message, fields, and the stack of an error. */
export function readableLine(json: string): string {
  const entry = JSON.parse(json) as Record<string, unknown>;
  const level = String(entry.level);
  const clock = String(entry.time).slice(11, 23);
  let line = `${colors.dim(clock)} ${(paint[level] ?? String)(level.toUpperCase().padEnd(5))} ${String(entry.msg)}`;
  let stack = '';
  for (const [name, value] of Object.entries(entry)) {
    if (shownElsewhere.has(name)) continue;
    if (isError(value)) {
      line += ` ${colors.dim(`${name}=`)}${value.message}`;
      stack += `${colors.dim(value.stack)}\n`;
    } else {
      line += ` ${colors.dim(`${name}=`)}${typeof value === 'string' ? value : JSON.stringify(value)}`;
    }
  }
  return `${line}\n${stack}`;
}

function isError(value: unknown): value is { message: string; stack: string } {
  return typeof value === 'object' && value !== null && 'stack' in value && 'message' in value;
}
