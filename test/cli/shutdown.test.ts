import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BuiltPackage, buildPackage } from '../kit/built.ts';
import { Child } from '../kit/processes.ts';

let built: BuiltPackage;
beforeAll(() => {
  built = buildPackage();
});
afterAll(() => built?.[Symbol.dispose]());

/**
 * A process whose close ends as `body` says, where `done` settles it. Its clock stands still; a line on its standard input is
 * carried out. It says when it is ready, when it closes, and after each signal that it has taken in and lived through.
 */
function closing(body: string): Child {
  const shutdown = join(built.main, '..', 'shutdown.js');
  const script = `
    const { closeOnSignal } = await import(${JSON.stringify(shutdown)});
    let nowMs = 5000;
    performance.now = () => nowMs;
    let done;
    const told = new Promise((resolve) => { done = resolve; });
    closeOnSignal((signal) => { console.log('closing for ' + signal); ${body} });
    let heard = 0;
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => console.log('heard ' + ++heard));
    process.stdin.on('data', (line) => eval(line.toString()));
    console.log('ready');`;
  return new Child(process.execPath, ['--input-type=module', '-e', script]);
}

it('closes once and ends with 0, also when the signal has an echo', async () => {
  await using child = closing('return told');
  await child.waitFor(/ready/);
  child.process.kill('SIGINT');
  await child.waitFor(/heard 1/);
  child.process.stdin?.write("nowMs += 250; console.log('a quarter of a second later')\n");
  await child.waitFor(/later/);
  child.process.kill('SIGINT');
  await child.waitFor(/heard 2/);
  child.process.stdin?.write('done()\n');
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(child.output).toBe('ready\nclosing for SIGINT\nheard 1\na quarter of a second later\nheard 2\n');
});

it('a second signal ends a close that hangs', async () => {
  await using child = closing('return new Promise(() => {})');
  await child.waitFor(/ready/);
  child.process.kill('SIGTERM');
  await child.waitFor(/heard 1/);
  child.process.stdin?.write("nowMs += 251; console.log('later')\n");
  await child.waitFor(/later/);
  child.process.kill('SIGTERM');
  expect(await child.exited).toEqual({ code: 143, signal: null });
  expect(child.output).not.toContain('heard 2');
});

it('a close that fails is told by the status', async () => {
  await using child = closing('return Promise.reject(new Error("no"))');
  await child.waitFor(/ready/);
  child.process.kill('SIGTERM');
  expect(await child.exited).toEqual({ code: 1, signal: null });
});
