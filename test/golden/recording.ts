import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What went over the wire for one operation: frames without their length, as hex. */
export interface Exchange {
  /** Name of the step that made it. */
  label: string;
  /** Operation, 0 for a watch event, null for the handshake. */
  type: number | null;
  request: string | null;
  reply: string | null;
}

export interface Recording {
  /** Who spoke: the software and version at both ends. */
  source: string;
  exchanges: Exchange[];
}

const FILE = fileURLToPath(new URL('./wire/client-protocol.json', import.meta.url));

export function readRecording(): Recording {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Recording;
}

/** One exchange a line, so that a new recording shows as a readable difference. */
export function writeRecording(recording: Recording): void {
  const lines = recording.exchanges.map((exchange) => `    ${JSON.stringify(exchange)}`);
  writeFileSync(
    FILE,
    `{\n  "source": ${JSON.stringify(recording.source)},\n  "exchanges": [\n${lines.join(',\n')}\n  ]\n}\n`,
  );
}
