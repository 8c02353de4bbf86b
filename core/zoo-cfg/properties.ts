/** One `key=value` of a file in Java's properties format; `line` (from 1) is where it begins. */
export interface Property {
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

/** Text that the properties format forbids. */
export class PropertiesFault extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.name = 'PropertiesFault';
    this.line = line;
  }
}

/**
 * Reads Java's properties format as `java.util.Properties.load` defines it: comments begin with `#` or `!`, a backslash at a
 * line's end continues it (leading blanks of the next line are dropped), key and value are parted by `=`, `:` or blanks, and a
 * backslash escapes a character. Values are trimmed, as ZooKeeper does. Keys may repeat: all are returned, in order.
 */
export function parseProperties(text: string): Property[] {
  const properties: Property[] = [];
  for (const { content, line } of logicalLines(text)) {
    const keyEnd = endOfKey(content);
    const valueStart = startOfValue(content, keyEnd);
    properties.push({
      key: unescapeText(content.slice(0, keyEnd), line),
      value: unescapeText(content.slice(valueStart), line).trim(),
      line,
    });
  }
  return properties;
}

const BLANKS_BEFORE = /^[ \t\f]+/;

function logicalLines(text: string): { content: string; line: number }[] {
  const physical = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  const logical: { content: string; line: number }[] = [];
  for (let i = 0; i < physical.length; i++) {
    let content = physical[i]!.replace(BLANKS_BEFORE, '');
    const line = i + 1;
    if (content === '' || content.startsWith('#') || content.startsWith('!')) continue;
    while (endsInContinuation(content)) {
      content = content.slice(0, -1) + (physical[++i] ?? '').replace(BLANKS_BEFORE, '');
    }
    if (content !== '') logical.push({ content, line });
  }
  return logical;
}

/** An odd number of backslashes at the end: an even one is escaped backslashes. */
function endsInContinuation(content: string): boolean {
  let backslashes = 0;
  while (content[content.length - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}

function endOfKey(content: string): number {
  for (let i = 0; i < content.length; i++) {
    const char = content[i]!;
    if (char === '\\') i++;
    else if (char === '=' || char === ':' || isBlank(char)) return i;
  }
  return content.length;
}

function startOfValue(content: string, keyEnd: number): number {
  let i = keyEnd;
  while (i < content.length && isBlank(content[i]!)) i++;
  if (content[i] === '=' || content[i] === ':') i++;
  while (i < content.length && isBlank(content[i]!)) i++;
  return i;
}

function isBlank(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\f';
}

const controls = new Map([
  ['t', '\t'],
  ['n', '\n'],
  ['r', '\r'],
  ['f', '\f'],
]);

function unescapeText(text: string, line: number): string {
  return text.replace(/\\(u.{0,4}|[\s\S]|$)/g, (_, escaped: string) => {
    if (!escaped.startsWith('u')) return controls.get(escaped) ?? escaped;
    if (!/^u[0-9a-fA-F]{4}$/.test(escaped)) {
      throw new PropertiesFault(line, `\\${escaped} is not a \\uXXXX escape`);
    }
    return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
  });
}
