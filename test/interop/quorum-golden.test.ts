import { expect, test } from 'vitest';
import { recordQuorum } from '../golden/quorum-record.ts';
import {
  bytesOf,
  type QuorumRecording,
  readQuorumRecording,
  writeQuorumRecording,
} from '../golden/quorum-recording.ts';
import {
  ElectionStream,
  notificationLine,
  packetLine,
  SessionNames,
  snapshotLine,
} from '../golden/quorum-story.ts';
import { javaZooKeeper } from '../kit/java.ts';
import { QuorumStream } from '../kit/quorum-stream.ts';

/** That an observer comes to the second leader, and what it says then, is a matter of time. */
const isSometimesSaid = (shape: string): boolean => /^4[<>]3 |^election observing/.test(shape);

/**
 * What kinds of things are said, on the quorum port with who says them. How often and when is a matter of time, and so is which of
 * two servers opens the election link that stays.
 */
function shapes(recording: QuorumRecording): string[] {
  const names = new SessionNames();
  const seen = new Set<string>();
  for (const link of recording.links) {
    for (const way of ['>', '<'] as const) {
      const bytes = bytesOf(link, way);
      if (link.port === 'election') {
        const stream = new ElectionStream(way);
        stream.push(bytes);
        for (const said of stream.notifications)
          seen.add(`election ${withoutNumbers(notificationLine(said))}`);
        continue;
      }
      const stream = new QuorumStream();
      stream.push(bytes);
      for (const item of stream.items) {
        const line = 'packet' in item ? packetLine(way, item.packet, names) : snapshotLine(item.snapshot);
        if (line.startsWith('PING'))
          seen.add(`${way} ${line.replace(/ 0x\w+/, '').replace(/\(.+\)/, '(sessions)')}`);
        else seen.add(`${link.opener}${way}${link.acceptor} ${withoutNumbers(line)}`);
      }
    }
  }
  return [...seen].filter((shape) => !isSometimesSaid(shape)).sort();
}

function withoutNumbers(line: string): string {
  return line.replaceAll(/0x[0-9a-f]+|s\d+@\d+|\b(round|leader|epoch) -?\d+/g, '#');
}

// To record anew: RECORD=1 npx vitest run --project interop test/interop/quorum-golden.test.ts
test.skipIf(javaZooKeeper() === null)(
  'the golden bytes of an ensemble are what Apache ZooKeeper says today',
  async () => {
    const recording = await recordQuorum();
    if (process.env.RECORD === '1') writeQuorumRecording(recording);
    expect(shapes(recording)).toEqual(shapes(readQuorumRecording()));
  },
);
