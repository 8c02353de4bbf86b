import { expect, test } from 'vitest';
import { SteadyWriter } from '../../cli/ensemble/steady-writer.ts';
import { connect } from '../../client/index.ts';
import { TestServer } from '../../testing/index.ts';

async function acks(writer: SteadyWriter, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await writer.nextAck();
}

test('the writer of the demonstration finds all that was acknowledged', async () => {
  await using server = await TestServer.start();
  const writer = await SteadyWriter.start(server.connectString);
  await acks(writer, 20);
  expect(writer.acknowledged).toBeGreaterThanOrEqual(20);
  expect(await writer.stop()).toBe(true);
  await writer.close();
});

test('the writer of the demonstration finds out that a write is missing', async () => {
  await using server = await TestServer.start();
  await using client = await connect(server.connectString);
  const writer = await SteadyWriter.start(server.connectString);
  await acks(writer, 20);
  // What a server that forgets would look like.
  await client.transaction().delete('/demo/writes').create('/demo/writes', '').commit();
  await acks(writer, 5);
  expect(await writer.stop()).toBe(false);
  await writer.close();
});

test('the longest gap is the time in which nobody acknowledged', async () => {
  await using server = await TestServer.start();
  const writer = await SteadyWriter.start(server.connectString);
  await acks(writer, 5);
  writer.forgetGaps();
  await writer.nextAck();
  const before = writer.longestGapMs;
  // Nobody, the server in this process included, gets to do anything.
  const pauseMs = Math.ceil(before) + 50;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
  await writer.nextAck();
  expect(writer.longestGapMs).toBeGreaterThanOrEqual(pauseMs);
  await writer.stop();
  await writer.close();
});
