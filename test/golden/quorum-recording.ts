import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A connection between two servers of an ensemble. */
export interface RecordedLink {
  port: 'election' | 'quorum';
  /** Id of the server that opened it; on the quorum port that is the learner. */
  opener: number;
  acceptor: number;
  /** What went over it in the order of arrival, as hex: `>` from the opener, `<` to it. */
  chunks: ['>' | '<', string][];
}

export interface QuorumRecording {
  /** Who spoke. */
  source: string;
  links: RecordedLink[];
}

const FILE = fileURLToPath(new URL('./wire/quorum-protocol.json', import.meta.url));

export function readQuorumRecording(): QuorumRecording {
  return JSON.parse(readFileSync(FILE, 'utf8')) as QuorumRecording;
}

/** One chunk a line, so that one can see who said what and when. */
export function writeQuorumRecording(recording: QuorumRecording): void {
  const links = recording.links.map(({ chunks, ...link }) => {
    const head = JSON.stringify(link).slice(0, -1);
    const lines = chunks.map((chunk) => `      ${JSON.stringify(chunk)}`);
    return `    ${head},"chunks":[\n${lines.join(',\n')}\n    ]}`;
  });
  writeFileSync(
    FILE,
    `{\n  "source": ${JSON.stringify(recording.source)},\n  "links": [\n${links.join(',\n')}\n  ]\n}\n`,
  );
}

/** All bytes of one direction. */
export function bytesOf(link: RecordedLink, direction: '>' | '<'): Buffer {
  return Buffer.concat(
    link.chunks.flatMap(([way, hex]) => (way === direction ? [Buffer.from(hex, 'hex')] : [])),
  );
}
