import { writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltPackage, buildPackage } from '../kit/built.ts';
import { isServing } from '../kit/four-letter.ts';
import { Child } from '../kit/processes.ts';
import { tempDirectory } from '../kit/temp.ts';

let built: BuiltPackage;
beforeAll(() => {
  built = buildPackage();
});
afterAll(() => built?.[Symbol.dispose]());

function dev(...args: string[]): Child {
  return new Child(process.execPath, [built.main, 'dev', ...args]);
}

/** Makes all contenders but the first stand still before they have loaded anything, for as long as several turns take. */
const lateContenders = (marker: string): string => `import { mkdirSync } from 'node:fs';
const stall = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
if (process.argv[1]?.endsWith('demo-contender.js')) try { mkdirSync(${JSON.stringify(marker)}); } catch { stall(); }`;

/** The turns that the output shows. */
function holdersIn(output: string): { name: string | undefined; pid: number; what: string | undefined }[] {
  const lines = output.matchAll(/([ABC]) \(pid (\d+)\) {2}(has the lock|takes over|killed)/g);
  return [...lines].map(([, name, pid, what]) => ({ name, pid: Number(pid), what }));
}

/** The first address in the output: what a reader, or a script, takes for the server's. */
async function portOf(child: Child): Promise<number> {
  return Number((await child.waitFor(/127\.0\.0\.1:(\d+)/))[1]);
}

describe('zookit dev', () => {
  it('shows turns on a lock, a kill and a takeover, then serves until Ctrl-C', async () => {
    await using temp = await tempDirectory();
    await using child = dev('--port', '0', '--data', temp.at('data'));
    const port = await portOf(child);
    await child.waitFor(/Ctrl-C stops it/, 30_000);
    expect(await isServing(port)).toBe(true);

    const output = child.output;
    const tokens = [...output.matchAll(/fencing token (\d+)/g)].map((match) => Number(match[1]));
    expect(tokens).toHaveLength(6);
    expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b));
    const holders = holdersIn(output);
    expect(holders.map(({ what }) => what)).toEqual([
      ...['has the lock', 'has the lock', 'has the lock', 'has the lock', 'killed', 'takes over'],
      'has the lock',
    ]);
    expect(new Set(holders.slice(0, 3).map(({ name }) => name)).size).toBe(3);
    expect(holders[5]?.name).not.toBe(holders[4]?.name);
    expect(output).toMatch(/takes over .* \d\.\d s after the kill/);
    for (const { pid } of holders) expect(() => process.kill(pid, 0)).toThrow('ESRCH');

    expect(await child.stop('SIGINT')).toEqual({ code: 0, signal: null });
    expect(await isServing(port)).toBe(false);
  });

  it('gives each its turn before the kill, also those that were slow to start', async () => {
    await using temp = await tempDirectory();
    await writeFile(temp.at('late.mjs'), lateContenders(temp.at('first')));
    const late = `--import=${pathToFileURL(temp.at('late.mjs')).href}`;
    const args = [built.main, 'dev', '--port', '0', '--data', temp.at('data')];
    await using child = new Child(process.execPath, args, { env: { ...process.env, NODE_OPTIONS: late } });
    await child.waitFor(/takes over/);
    const holders = holdersIn(child.output);
    expect(holders.map(({ what }) => what).slice(-2)).toEqual(['killed', 'takes over']);
    expect(new Set(holders.slice(0, 3).map(({ name }) => name)).size).toBe(3);
  });

  it('takes the next free port and says so', async () => {
    await using temp = await tempDirectory();
    await using first = dev('--no-demo', '--port', '0', '--data', temp.at('a'));
    const taken = await portOf(first);
    await using second = dev('--no-demo', '--port', String(taken), '--data', temp.at('b'));
    const port = await portOf(second);
    expect(port).toBeGreaterThan(taken);
    await second.waitFor(new RegExp(`Port ${taken} is taken`));
    expect(await isServing(port)).toBe(true);
    expect(await second.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  it('does not share its data with another', async () => {
    await using temp = await tempDirectory();
    await using first = dev('--no-demo', '--port', '0', '--data', temp.at('data'));
    await portOf(first);
    await using second = dev('--no-demo', '--port', '0', '--data', temp.at('data'));
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.output).toContain('another server works in this directory');
  });

  it('takes its contenders along when it is stopped in the middle', async () => {
    await using temp = await tempDirectory();
    await using child = dev('--port', '0', '--data', temp.at('data'));
    await child.waitFor(/has the lock/);
    const pids = [...child.output.matchAll(/\(pid (\d+)\)/g)].map((match) => Number(match[1]));
    expect(await child.stop('SIGINT')).toEqual({ code: 0, signal: null });
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});
