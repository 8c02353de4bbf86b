import { expect, test } from 'vitest';
import { recordQuorum } from '../golden/quorum-record.ts';
import { readQuorumRecording, writeQuorumRecording } from '../golden/quorum-recording.ts';
import { javaZooKeeper } from '../kit/java.ts';

// To record anew: RECORD=1 npx vitest run --project interop test/interop/quorum-golden.test.ts
test.skipIf(javaZooKeeper() === null)(
  'the golden bytes of an ensemble are what Apache ZooKeeper says today',
  async () => {
    const recording = await recordQuorum();
    if (process.env.RECORD === '1') writeQuorumRecording(recording);
    expect(readQuorumRecording().links.length).toBeGreaterThan(0);
  },
);
