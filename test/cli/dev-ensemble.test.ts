import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../client/index.ts';
import { type BuiltPackage, buildPackage } from '../kit/built.ts';
import { fourLetterWord } from '../kit/four-letter.ts';
import { Child, eventually } from '../kit/processes.ts';
import { tempDirectory } from '../kit/temp.ts';

let built: BuiltPackage;
beforeAll(() => {
  built = buildPackage();
});
afterAll(() => built?.[Symbol.dispose]());

/** Three servers, on ports that the system chooses. */
function dev(...args: string[]): Child {
  return new Child(process.execPath, [built.main, 'dev', '--servers', '3', '--port', '0', ...args]);
}

interface Listed {
  readonly id: number;
  readonly pid: number;
  readonly port: number;
  readonly role: string;
}

/** The servers that the output lists at the beginning. */
async function serversOf(child: Child): Promise<Listed[]> {
  await child.waitFor(/server 3 \(pid \d+\) +127/, 90_000);
  const lines = child.output.matchAll(/server (\d) \(pid (\d+)\) +127\.0\.0\.1:(\d+) +(\w+)/g);
  return [...lines].map(([, id, pid, port, role]) => ({
    id: Number(id),
    pid: Number(pid),
    port: Number(port),
    role: role!,
  }));
}

function connectStringOf(servers: readonly Listed[]): string {
  return servers.map(({ port }) => `127.0.0.1:${port}`).join(',');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function pidsIn(output: string): number[] {
  return [...output.matchAll(/\(pid (\d+)\)/g)].map((match) => Number(match[1]));
}

/** Makes servers leave their pid and stand still before they have loaded anything. */
const lateServers = (pids: string): string => `import { writeFileSync } from 'node:fs';
if (process.argv[1]?.endsWith('member-main.js')) {
  writeFileSync(${JSON.stringify(pids)} + '/' + process.pid, '');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
}`;

describe('zookit dev --servers 3', () => {
  it('kills the leader and shows the election, how long writes stopped, and that the lock went on', async () => {
    await using child = dev();
    const servers = await serversOf(child);
    expect(servers.map(({ role }) => role).sort()).toEqual(['follower', 'follower', 'leader']);
    await child.waitFor(/Ctrl-C stops them/, 90_000);
    const { output } = child;
    const directory = /one ensemble {2}in (\S+)/.exec(output)?.[1] ?? '';

    const leader = servers.find(({ role }) => role === 'leader')!;
    const told = (pattern: RegExp): number[] => (pattern.exec(output) ?? []).slice(1).map(Number);
    expect(told(/server (\d) \(pid (\d+)\) +killed \(SIGKILL\) while it leads/)).toEqual([
      leader.id,
      leader.pid,
    ]);
    const [nextId, electedMs] = told(/server (\d) \(pid \d+\) +leads +(\d+) ms after the kill/);
    expect(servers.filter(({ role }) => role === 'follower').map(({ id }) => id)).toContain(nextId);
    const [stoppedMs] = told(/writes +go on +none was acknowledged for (\d+) ms/);
    // Nobody can acknowledge before the election, and the poll for the leader may come a little late.
    expect(electedMs).toBeGreaterThan(0);
    expect(stoppedMs).toBeGreaterThan(0);
    const [backId, backPid] = told(/server (\d) \(pid (\d+)\) +follows +\d+ ms after it was started again/);
    expect(backId).toBe(leader.id);
    expect(backPid).not.toBe(leader.pid);
    expect(output).toMatch(/\d writes were acknowledged, and all of them are there\./);

    const turns = [...output.matchAll(/(has the lock|takes over|killed \(SIGKILL\)|leads {2}|follows)/g)];
    expect(turns.map(([what]) => what.trim())).toEqual([
      ...['has the lock', 'has the lock', 'has the lock', 'has the lock', 'killed (SIGKILL)', 'leads'],
      ...['has the lock', 'follows', 'has the lock', 'killed (SIGKILL)', 'takes over', 'has the lock'],
    ]);
    const tokens = [...output.matchAll(/fencing token (\d+)/g)].map((match) => Number(match[1]));
    expect(tokens).toHaveLength(8);
    expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b));

    // It goes on serving, all three of them.
    const modes = servers.map(
      async ({ port }) => /^Mode: (\w+)/m.exec(await fourLetterWord(port, 'srvr'))?.[1],
    );
    expect((await Promise.all(modes)).sort()).toEqual(['follower', 'follower', 'leader']);
    expect(existsSync(directory)).toBe(true);
    expect(await child.stop('SIGINT')).toEqual({ code: 0, signal: null });
    expect(pidsIn(output).filter(isAlive)).toEqual([]);
    expect(existsSync(directory)).toBe(false);
  }, 180_000);

  it('ends every process when it is stopped in the middle', async () => {
    await using child = dev();
    await child.waitFor(/killed \(SIGKILL\) while it leads/, 90_000);
    expect(await child.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(pidsIn(child.output).filter(isAlive)).toEqual([]);
  }, 180_000);

  it('says no more when a terminal ends the whole group, a server that is just starting among it', async () => {
    const args = [built.main, 'dev', '--servers', '3', '--port', '0'];
    // A group of its own, as a shell gives to what it runs.
    await using child = new Child(process.execPath, args, { detached: true });
    await child.waitFor(/writes +go on.*\n.*has the lock/, 90_000);
    process.kill(-child.pid, 'SIGINT');
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(child.output).toMatch(/\nClosing\.\n$/);
    expect(pidsIn(child.output).filter(isAlive)).toEqual([]);
  }, 180_000);

  it('ends every process when it is killed itself', async () => {
    await using temp = await tempDirectory();
    await using child = dev('--data', temp.at('data'));
    await child.waitFor(/has the lock/, 90_000);
    await child.stop('SIGKILL');
    const pids = pidsIn(child.output);
    expect(pids.length).toBeGreaterThanOrEqual(4);
    await eventually('all have ended', () => !pids.some(isAlive), 60_000);
  }, 180_000);

  it('ends its servers when it is killed before they have loaded', async () => {
    await using temp = await tempDirectory();
    await mkdir(temp.at('pids'));
    await writeFile(temp.at('late.mjs'), lateServers(temp.at('pids')));
    const late = `--import=${pathToFileURL(temp.at('late.mjs')).href}`;
    const args = [built.main, 'dev', '--servers', '3', '--port', '0', '--data', temp.at('data')];
    await using child = new Child(process.execPath, args, { env: { ...process.env, NODE_OPTIONS: late } });
    const pids = async (): Promise<number[]> => (await readdir(temp.at('pids'))).map(Number);
    await eventually('three servers', async () => (await pids()).length === 3, 60_000);
    await child.stop('SIGKILL');
    const started = await pids();
    await eventually('all have ended', () => !started.some(isAlive), 60_000);
  }, 180_000);

  it('keeps what is stored where --data says, for as many servers', async () => {
    await using temp = await tempDirectory();
    const at = ['--no-demo', '--data', temp.at('data')];
    {
      await using child = dev(...at);
      const client = await connect(connectStringOf(await serversOf(child)), { closeTimeoutMs: 50 });
      await client.create('/kept', 'for ever');
      await using second = dev(...at);
      expect(await second.exited).toEqual({ code: 1, signal: null });
      expect(second.output).toContain('another server works in this directory');
      expect(await child.stop('SIGINT')).toEqual({ code: 0, signal: null });
      await client.close();
    }
    {
      await using child = dev(...at);
      const client = await connect(connectStringOf(await serversOf(child)));
      expect((await client.get('/kept')).data?.toString()).toBe('for ever');
      await client.close();
    }
    const other = ['dev', '--port', '0', ...at];
    const remedy = 'holds the data of 3 servers: give --servers 3, or another --data';
    await using five = new Child(process.execPath, [built.main, ...other, '--servers', '5']);
    expect(await five.exited).toEqual({ code: 1, signal: null });
    expect(five.output).toBe(`zookit dev: ${temp.at('data')} ${remedy}\n`);
    await using one = new Child(process.execPath, [built.main, ...other]);
    expect(await one.exited).toEqual({ code: 1, signal: null });
    expect(one.output).toBe(`zookit dev: ${temp.at('data')} ${remedy}\n`);
  }, 180_000);

  it('tells when a server ends, and how to start it again', async () => {
    await using temp = await tempDirectory();
    await using child = dev('--no-demo', '--data', temp.at('data'));
    const servers = await serversOf(child);
    await child.waitFor(/Ctrl-C stops them/);
    const victim = servers[1]!;
    process.kill(victim.pid, 'SIGKILL');
    const [, config] = await child.waitFor(
      /server 2 has ended \(SIGKILL\)\. Start it again with {2}npx zookit server (\S+)/,
    );
    await using again = new Child(process.execPath, [built.main, 'server', config!]);
    await again.waitFor(/serving clients as follower/, 60_000);
    expect(await fourLetterWord(victim.port, 'srvr')).toContain('Mode: follower');
  }, 180_000);

  it('says why a server cannot start', async () => {
    await using temp = await tempDirectory();
    {
      await using child = dev('--no-demo', '--data', temp.at('data'));
      await serversOf(child);
      await child.stop('SIGINT');
    }
    // Epochs cannot be told from this.
    await writeFile(temp.at('data', 'server-2', 'data', 'version-2', 'currentEpoch'), 'no number\n');
    await using child = dev('--no-demo', '--data', temp.at('data'));
    expect(await child.exited).toEqual({ code: 1, signal: null });
    expect(child.output).toMatch(/^zookit dev: server 2 ended: .*currentEpoch/m);
  }, 180_000);

  it.each(['2', '0', 'three', '11'])('refuses --servers %s', async (servers) => {
    await using child = new Child(process.execPath, [built.main, 'dev', '--servers', servers]);
    expect(await child.exited).toEqual({ code: 2, signal: null });
    expect(child.output).toContain('Expected 1, 3, 5, 7 or 9');
  });
});
