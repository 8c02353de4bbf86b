import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BuiltPackage, buildPackage } from '../kit/built.ts';
import { Child } from '../kit/processes.ts';

let built: BuiltPackage;
beforeAll(() => {
  built = buildPackage();
});
afterAll(() => built?.[Symbol.dispose]());

/** A process whose close ends as `body` says; it prints when it is ready, when it closes, and when the time of echoes is over. */
function closing(body: string): Child {
  const shutdown = join(built.main, '..', 'shutdown.js');
  const script = `
    const { closeOnSignal } = await import(${JSON.stringify(shutdown)});
    closeOnSignal((signal) => { console.log('closing for ' + signal); setTimeout(() => console.log('later'), 400); ${body} });
    setInterval(() => {}, 1000);
    console.log('ready');`;
  return new Child(process.execPath, ['--input-type=module', '-e', script]);
}

it('closes once and ends with 0, also when the signal has an echo', async () => {
  await using child = closing('return new Promise((done) => setTimeout(done, 100))');
  await child.waitFor(/ready/);
  child.process.kill('SIGINT');
  await child.waitFor(/closing for SIGINT/);
  child.process.kill('SIGINT');
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(child.output).toBe('ready\nclosing for SIGINT\n');
});

it('a second signal ends a close that hangs', async () => {
  await using child = closing('return new Promise(() => {})');
  await child.waitFor(/ready/);
  child.process.kill('SIGTERM');
  await child.waitFor(/later/);
  child.process.kill('SIGTERM');
  expect(await child.exited).toEqual({ code: 143, signal: null });
});

it('a close that fails is told by the status', async () => {
  await using child = closing('return Promise.reject(new Error("no"))');
  await child.waitFor(/ready/);
  child.process.kill('SIGTERM');
  expect(await child.exited).toEqual({ code: 1, signal: null });
});
