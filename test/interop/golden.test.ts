import { expect, test } from 'vitest';
import { record } from '../golden/record.ts';
import { type Exchange, readRecording, writeRecording } from '../golden/recording.ts';
import { javaZooKeeper } from '../kit/java.ts';
import { which } from '../kit/processes.ts';

const shape = (exchange: Exchange) => ({
  label: exchange.label,
  type: exchange.type,
  request: exchange.request?.length,
  reply: exchange.reply?.length,
});
const withoutPings = (exchanges: Exchange[]) => exchanges.filter(({ label }) => label !== 'ping').map(shape);

// To record anew: RECORD=1 npx vitest run --project interop test/interop/golden.test.ts
test.skipIf(javaZooKeeper() === null || which('go') === null)(
  'the golden bytes are what Apache ZooKeeper says today',
  async () => {
    const recording = await record();
    if (process.env.RECORD === '1') writeRecording(recording);
    expect(withoutPings(recording.exchanges)).toEqual(withoutPings(readRecording().exchanges));
    expect(recording.exchanges.some(({ label }) => label === 'ping')).toBe(true);
  },
);
