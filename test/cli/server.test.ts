import { chmod, mkdir, open, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../client/index.ts';
import { type BuiltPackage, buildPackage } from '../kit/built.ts';
import { fourLetterWord } from '../kit/four-letter.ts';
import { Child, freePort } from '../kit/processes.ts';
import { type TempDirectory, tempDirectory } from '../kit/temp.ts';

let built: BuiltPackage;
beforeAll(() => {
  built = buildPackage();
});
afterAll(() => built?.[Symbol.dispose]());

/** A zoo.cfg with these lines below those that every server needs; they win. */
async function configIn(temp: TempDirectory, ...lines: string[]): Promise<string> {
  const path = temp.at('zoo.cfg');
  const base = [`dataDir=${temp.at('data')}`, 'clientPort=0', 'clientPortAddress=127.0.0.1'];
  await writeFile(path, `${[...base, ...lines].join('\n')}\n`);
  return path;
}

function server(configPath: string): Child {
  return new Child(process.execPath, [built.main, 'server', configPath]);
}

async function portOf(child: Child): Promise<number> {
  return Number((await child.waitFor(/serving clients at 127\.0\.0\.1:(\d+)/))[1]);
}

describe('zookit server', () => {
  it('serves until SIGTERM, and again what it stored', async () => {
    await using temp = await tempDirectory();
    // All that it says is compared: a disk that is slow for a moment must not add a warning.
    const config = await configIn(temp, '4lw.commands.whitelist=mntr', 'fsync.warningthresholdms=3600000');
    {
      await using child = server(config);
      const port = await portOf(child);
      const client = await connect(`127.0.0.1:${port}`, { closeTimeoutMs: 50 });
      await client.create('/kept', 'for ever');
      expect(await fourLetterWord(port, 'srvr')).toContain('Mode: standalone');
      const synced = /^zk_cnt_fsynctime\t(\d+)$/m.exec(await fourLetterWord(port, 'mntr'));
      expect(Number(synced?.[1])).toBeGreaterThanOrEqual(2);
      expect(await child.stop('SIGTERM')).toEqual({ code: 0, signal: null });
      await client.close();
      const entries = child.output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { level: string; msg: string });
      expect(entries.map(({ level, msg }) => [level, msg.replace(/\d+$/, 'PORT')])).toEqual([
        ['info', 'serving clients at 127.0.0.1:PORT'],
        ['info', 'SIGTERM: closing'],
        ['info', 'closed'],
      ]);
    }
    await using child = server(config);
    const client = await connect(`127.0.0.1:${await portOf(child)}`);
    expect((await client.get('/kept')).data?.toString()).toBe('for ever');
    await client.close();
    expect(await child.stop('SIGINT')).toEqual({ code: 0, signal: null });
  });

  it('warns about keys by name and line, and serves', async () => {
    await using temp = await tempDirectory();
    await using child = server(await configIn(temp, 'tickTme=1', 'snapcount=5'));
    await portOf(child);
    expect(child.output).toContain('zoo.cfg:4: tickTme=1: unknown key, not used; did you mean tickTime?');
    expect(child.output).toContain('zoo.cfg:5: snapcount=5: unknown key, not used; did you mean snapCount?');
  });

  it('refuses a configuration with all that is wrong in it, and status 2', async () => {
    await using temp = await tempDirectory();
    await using child = server(await configIn(temp, 'tickTime=fast', 'forceSync=false'));
    expect(await child.exited).toEqual({ code: 2, signal: null });
    const path = temp.at('zoo.cfg');
    expect(child.output).toBe(
      `zookit server: ${path}:4: tickTime=fast: not an integer, expected an integer from 1 to 2147483647
zookit server: ${path}:5: forceSync=false: not a yes or no, expected yes or no
`,
    );
  });

  it('says that there is no such file', async () => {
    await using temp = await tempDirectory();
    await using child = server(temp.at('none.cfg'));
    expect(await child.exited).toEqual({ code: 2, signal: null });
    expect(child.output).toBe(
      `zookit server: ${temp.at('none.cfg')}: no such file; give the path of a zoo.cfg\n`,
    );
  });

  it('says that the port is in use', async () => {
    await using temp = await tempDirectory();
    const holder = createServer();
    const port = await new Promise<number>((resolve) => {
      holder.listen(0, '127.0.0.1', () => resolve((holder.address() as { port: number }).port));
    });
    try {
      await using child = server(await configIn(temp, `clientPort=${port}`));
      expect(await child.exited).toEqual({ code: 1, signal: null });
      expect(child.output).toContain(
        `port ${port} on 127.0.0.1 is in use: stop the other program, or set another clientPort`,
      );
      // The other program may be a server on the very same files.
      expect(await readdir(temp.at('data'))).toEqual([]);
    } finally {
      holder.close();
    }
  });

  it('does not share a directory with another server, but follows one that was killed', async () => {
    await using temp = await tempDirectory();
    const config = await configIn(temp);
    await using first = server(config);
    await portOf(first);
    await using second = server(config);
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.output).toContain(`${temp.at('data')}: another server works in this directory`);
    await first.stop('SIGKILL');
    await using third = server(config);
    await portOf(third);
  });

  it('says that dataDir is not a directory, or may not be made', async () => {
    await using temp = await tempDirectory();
    await writeFile(temp.at('data'), 'a file');
    await using onFile = server(await configIn(temp));
    expect(await onFile.exited).toEqual({ code: 1, signal: null });
    expect(onFile.output).toMatch(/\/data(\/version-2)? is not a directory: set dataDir and dataLogDir/);
    await using missing = server(
      await configIn(temp, `dataDir=${temp.at('new')}`, 'datadir.autocreate=false'),
    );
    expect(await missing.exited).toEqual({ code: 1, signal: null });
    expect(missing.output).toContain(
      `${temp.at('new')} does not exist: make it, or take out datadir.autocreate`,
    );
  });

  it('does not start on a log that is damaged in the middle, and names file and place', async () => {
    await using temp = await tempDirectory();
    const config = await configIn(temp);
    {
      await using child = server(config);
      const client = await connect(`127.0.0.1:${await portOf(child)}`);
      for (let i = 0; i < 20; i++) await client.create(`/n${i}`, 'x'.repeat(100));
      await client.close();
      await child.stop('SIGTERM');
    }
    const directory = temp.at('data', 'version-2');
    const name = (await readdir(directory)).find((file) => file.startsWith('log.'))!;
    const file = await open(join(directory, name), 'r+');
    await file.write(Buffer.from('damage'), 0, 6, 1500);
    await file.close();
    await using child = server(config);
    expect(await child.exited).toEqual({ code: 1, signal: null });
    expect(child.output).toMatch(new RegExp(`stopping: ${join(directory, name)}: .*at byte \\d+`));
  });

  it('stops with status 1 and a clear message when it cannot store', async () => {
    await using temp = await tempDirectory();
    await mkdir(temp.at('data'));
    const config = await configIn(temp, 'preAllocSize=64');
    // A limit of 16 KiB a file stands for a full disk: the first log file does not fit.
    const limited = `trap '' XFSZ; ulimit -f 16; exec "$0" "$@"`;
    await using child = new Child('bash', ['-c', limited, process.execPath, built.main, 'server', config]);
    const client = await connect(`127.0.0.1:${await portOf(child)}`, { connectTimeoutMs: 1000 }).catch(
      () => null,
    );
    const stored = await client?.create('/a', 'b').then(
      () => true,
      () => false,
    );
    expect(stored ?? false).toBe(false);
    expect(await child.exited).toEqual({ code: 1, signal: null });
    expect(child.output).toMatch(/"level":"error".*"msg":"stopping: /);
    await client?.close();
  });
});

describe('zookit server, when its disk fails it', () => {
  it('stops when its files are removed, and acknowledges nothing more', async () => {
    await using temp = await tempDirectory();
    await using child = server(await configIn(temp));
    const client = await connect(`127.0.0.1:${await portOf(child)}`, { closeTimeoutMs: 50 });
    await client.create('/before', 'x');
    await rm(temp.at('data', 'version-2'), { recursive: true });
    const stored = client.create('/after', 'x').then(
      () => true,
      () => false,
    );
    expect(await child.exited).toEqual({ code: 1, signal: null });
    expect(child.output).toContain('the file was removed while this server wrote to it');
    await client.close();
    expect(await stored).toBe(false);
  });

  it('serves on when what it says cannot be written', async () => {
    await using temp = await tempDirectory();
    const port = await freePort();
    const config = await configIn(temp, `clientPort=${port}`);
    const deaf = 'exec "$0" "$@" >/dev/full';
    await using child = new Child('bash', ['-c', deaf, process.execPath, built.main, 'server', config]);
    const client = await connect(`127.0.0.1:${port}`);
    await client.create('/a', 'b');
    await client.close();
    expect(await child.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  it('says so at once, not at the first write, when another user owns its files', async () => {
    await using temp = await tempDirectory();
    await mkdir(temp.at('data', 'version-2'), { recursive: true });
    await chmod(temp.at('data', 'version-2'), 0o555);
    const config = await configIn(temp);
    await chmod(temp.path, 0o777);
    await chmod(temp.at('data'), 0o777);
    // To root nothing is forbidden.
    const asNobody = 'exec setpriv --reuid=65534 --regid=65534 --clear-groups "$0" "$@"';
    const asUser = process.getuid?.() === 0 ? asNobody : 'exec "$0" "$@"';
    await using child = new Child('bash', ['-c', asUser, process.execPath, built.main, 'server', config]);
    expect(await child.exited).toEqual({ code: 1, signal: null });
    expect(child.output).toContain(`${temp.at('data', 'version-2')} is not permitted to this user`);
  });

  it('takes two names of one directory for one', async () => {
    await using temp = await tempDirectory();
    await mkdir(temp.at('data'));
    await symlink(temp.at('data'), temp.at('logs'));
    const config = await configIn(temp, `dataLogDir=${temp.at('logs')}`);
    for (const path of ['/first', '/second']) {
      await using child = server(config);
      const client = await connect(`127.0.0.1:${await portOf(child)}`, { closeTimeoutMs: 50 });
      await client.create(path, 'x');
      expect(await child.stop('SIGTERM')).toEqual({ code: 0, signal: null });
      await client.close();
    }
  });

  it('does not share a log directory with another server', async () => {
    await using temp = await tempDirectory();
    await using other = await tempDirectory();
    const shared = `dataLogDir=${temp.at('logs')}`;
    await using first = server(await configIn(temp, shared));
    await portOf(first);
    await using second = server(await configIn(other, shared));
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.output).toContain(`${temp.at('logs')}: another server works in this directory`);
  });
});

describe('the command line', () => {
  const run = async (...args: string[]): Promise<[code: number | null, output: string]> => {
    await using child = new Child(process.execPath, [built.main, ...args]);
    const { code } = await child.exited;
    return [code, child.output];
  };

  it('knows its version and its commands', async () => {
    expect(await run('--version')).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
    const [code, output] = await run('--help');
    expect(code).toBe(0);
    for (const command of ['server', 'shell', 'dev']) expect(output).toContain(`  ${command} `);
  });

  it.each([
    [['serve'], "unknown command 'serve'"],
    [['server'], "missing required argument 'zoo.cfg'"],
    [['dev', '--port', 'http'], 'Expected a port from 0 to 65535.'],
    [['shell', '-port', '1'], '-port is not an option'],
  ])('%j is refused with status 2', async (args, message) => {
    expect(await run(...args)).toEqual([2, expect.stringContaining(message)]);
  });

  it('the shell runs one command, or a script', async () => {
    await using temp = await tempDirectory();
    await using child = server(await configIn(temp));
    const at = ['shell', '-server', `127.0.0.1:${await portOf(child)}`];
    expect(await run(...at, 'create', '/x', 'one word')).toEqual([0, 'Created /x\n']);
    expect(await run(...at, 'get', '/x')).toEqual([0, 'one word\n']);
    expect(await run(...at, 'get', '/y')).toEqual([1, 'get /y: no such node [NoNode]\n']);
    expect(await run(...at, 'gett', '/y')).toEqual([
      2,
      'gett is not a command; did you mean get? (try help)\n',
    ]);

    await using script = new Child(process.execPath, [built.main, ...at]);
    script.process.stdin?.end('create /s "a b"\nget /s\nget /none\nls /\nquit\nget /s\n');
    expect(await script.exited).toEqual({ code: 1, signal: null });
    expect(script.output.split('\n').sort()).toEqual(
      ['Created /s', 'a b', 'get /none: no such node [NoNode]', '[s, x, zookeeper]', ''].sort(),
    );
  });

  it('the shell waits for a watch', async () => {
    await using temp = await tempDirectory();
    await using child = server(await configIn(temp));
    const at = ['shell', '-server', `127.0.0.1:${await portOf(child)}`];
    await run(...at, 'create', '/w', 'before');
    await using watcher = new Child(process.execPath, [built.main, ...at, 'get', '-w', '/w']);
    await watcher.waitFor(/before/);
    await run(...at, 'set', '/w', 'after');
    expect(await watcher.exited).toEqual({ code: 0, signal: null });
    expect(watcher.output).toBe('before\nWATCHER::\ntype:NodeDataChanged path:/w\n');
  });
});
