import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../../cli/shell/run.ts';
import { Watching } from '../../../cli/shell/watching.ts';
import { splitWords } from '../../../cli/shell/words.ts';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';

export interface SuiteServer extends AsyncDisposable {
  readonly port: number;
}

/** What the shell's commands print, against whatever server `start` starts: it must know TTL nodes. */
export function describeShell(name: string, start: () => Promise<SuiteServer>): void {
  describe(`the shell against ${name}`, () => {
    let server: SuiteServer;
    let client: ZooKeeperClient;
    const root = '/shell';

    beforeAll(async () => {
      server = await start();
      client = await connect(`127.0.0.1:${server.port}`);
      await client.create(root);
    });
    afterAll(async () => {
      await client?.close();
      await server?.[Symbol.asyncDispose]();
    });

    /** Runs a line; returns its status and what it printed, complaints marked with `!`. */
    async function enter(line: string): Promise<[status: number, ...lines: string[]]> {
      const lines: string[] = [];
      const context = {
        client,
        signal: new AbortController().signal,
        history: ['ls /', 'quit'],
        print: (text: string) => void lines.push(text),
        watch: () => () => {},
      };
      const status = await runCommand(splitWords(line), context, (message) => lines.push(`! ${message}`));
      return [status, ...lines];
    }

    it('creates nodes of every kind', async () => {
      expect(await enter('create /shell/p hello')).toEqual([0, 'Created /shell/p']);
      expect(await enter('create /shell/null')).toEqual([0, 'Created /shell/null']);
      expect(await enter("create /shell/empty ''")).toEqual([0, 'Created /shell/empty']);
      expect(await enter('create -s /shell/s- v')).toEqual([0, 'Created /shell/s-0000000003']);
      expect(await enter('create -e /shell/e v')).toEqual([0, 'Created /shell/e']);
      expect(await enter('create -es /shell/es- v')).toEqual([0, 'Created /shell/es-0000000005']);
      expect(await enter('create -c /shell/c')).toEqual([0, 'Created /shell/c']);
      expect(await enter('create -t 600000 /shell/t v')).toEqual([0, 'Created /shell/t']);
      expect(await enter('create -st 600000 /shell/st- v')).toEqual([0, 'Created /shell/st-0000000008']);
      expect(await enter('ls /shell')).toEqual([
        0,
        '[c, e, empty, es-0000000005, null, p, s-0000000003, st-0000000008, t]',
      ]);
      expect((await client.exists('/shell/e'))?.ephemeralOwner).toBe(client.sessionId);
      expect((await client.exists('/shell/es-0000000005'))?.ephemeralOwner).toBe(client.sessionId);
      expect(await enter('getEphemerals /shell')).toEqual([0, '[/shell/e, /shell/es-0000000005]']);
    });

    it('shows null, empty and text', async () => {
      expect(await enter('get /shell/p')).toEqual([0, 'hello']);
      expect(await enter('get /shell/null')).toEqual([0, 'null']);
      expect(await enter('get /shell/empty')).toEqual([0, '']);
    });

    it('sets data, with and without a version', async () => {
      expect(await enter('set /shell/p "two words"')).toEqual([0]);
      expect(await enter('get /shell/p')).toEqual([0, 'two words']);
      expect(await enter('set -v 1 /shell/p x')).toEqual([0]);
      expect(await enter('set -v 1 /shell/p y')).toEqual([
        1,
        expect.stringMatching(/^! set \/shell\/p: .*expected version 1.*\[BadVersion\]$/),
      ]);
      const [status, ...stat] = await enter('set -s /shell/p z');
      expect(status).toBe(0);
      expect(stat).toContain('dataVersion = 3');
      expect(stat).toHaveLength(11);
    });

    it('shows stats', async () => {
      const fields = [
        ...['cZxid', 'ctime', 'mZxid', 'mtime', 'pZxid', 'cversion', 'dataVersion', 'aclVersion'],
        ...['ephemeralOwner', 'dataLength', 'numChildren'],
      ];
      for (const [line, skipped] of [
        ['stat /shell', 0],
        ['get -s /shell/p', 1],
        ['ls -s /shell', 1],
        ['getAcl -s /shell', 2],
      ] as const) {
        const [status, ...printed] = await enter(line);
        expect(status).toBe(0);
        expect(printed.slice(skipped).map((text) => text.split(' = ')[0])).toEqual(fields);
      }
    });

    it('lists a subtree in order', async () => {
      for (const path of ['/shell/tree', '/shell/tree/b', '/shell/tree/a', '/shell/tree/a/x']) {
        expect(await enter(`create ${path}`)).toEqual([0, `Created ${path}`]);
      }
      expect(await enter('ls -R /shell/tree')).toEqual([
        0,
        ...['/shell/tree', '/shell/tree/a', '/shell/tree/a/x', '/shell/tree/b'],
      ]);
      expect(await enter('getAllChildrenNumber /shell/tree')).toEqual([0, '3']);
    });

    it('deletes a node, and a subtree', async () => {
      expect(await enter('delete /shell/tree')).toEqual([
        1,
        expect.stringMatching(/^! delete \/shell\/tree: .*\[NotEmpty\]$/),
      ]);
      expect(await enter('delete -v 5 /shell/tree/b')).toEqual([1, expect.stringContaining('[BadVersion]')]);
      expect(await enter('delete -v 0 /shell/tree/b')).toEqual([0]);
      expect(await enter('deleteall /shell/tree')).toEqual([0]);
      expect(await enter('stat /shell/tree')).toEqual([1, '! stat /shell/tree: no such node [NoNode]']);
    });

    it('shows and sets ACLs', async () => {
      expect(await enter('getAcl /shell/p')).toEqual([0, "'world,'anyone", ': cdrwa']);
      expect(await enter('setAcl /shell/p world:anyone:ra,ip:127.0.0.1:cdrwa')).toEqual([0]);
      expect(await enter('getAcl /shell/p')).toEqual([
        0,
        ...["'world,'anyone", ': ra', "'ip,'127.0.0.1", ': cdrwa'],
      ]);
      expect(await enter('setAcl -v 0 /shell/p world:anyone:r')).toEqual([
        1,
        expect.stringContaining('[BadVersion]'),
      ]);
      expect(await enter('create /shell/secret x auth::cdrwa')).toEqual([
        1,
        expect.stringMatching(/^! create \/shell\/secret: .*\[InvalidACL\]$/),
      ]);
      expect(await enter('addauth digest u:p')).toEqual([0]);
      expect(await enter('create /shell/secret x auth::cdrwa')).toEqual([0, 'Created /shell/secret']);
      expect((await enter('getAcl /shell/secret'))[1]).toMatch(/^'digest,'u:/);
      expect((await enter('whoami')).slice(0, 3)).toEqual([0, 'Auth scheme: User', 'ip: 127.0.0.1']);
      expect(await enter('whoami')).toContain('digest: u');
    });

    it('syncs', async () => {
      expect(await enter('sync /')).toEqual([0, 'Sync is OK']);
    });

    it('prints the event of a watch', async () => {
      const lines: string[] = [];
      const watching = new Watching((line) => lines.push(line));
      const { signal } = new AbortController();
      const context = { client, signal, history: [], print: () => {}, watch: () => watching.listener() };
      for (const line of ['get -w /shell/p', 'ls -w /shell', 'stat -w /shell/later']) {
        await runCommand(splitWords(line), context, () => {});
      }
      expect(watching.armed).toBe(3);
      const fired = watching.next(signal);
      await enter('create /shell/later');
      await enter('set /shell/p changed');
      await fired;
      await client.sync();
      expect(watching.armed).toBe(0);
      expect(lines.filter((line) => line !== 'WATCHER::').sort()).toEqual([
        'type:NodeChildrenChanged path:/shell',
        'type:NodeCreated path:/shell/later',
        'type:NodeDataChanged path:/shell/p',
      ]);
    });

    it('explains what cannot be understood', async () => {
      for (const [line, message] of [
        ['lss /', '! lss is not a command; did you mean ls? (try help)'],
        ['xyzzy', '! xyzzy is not a command (try help)'],
        ['ls', '! ls: an argument is missing\nusage: ls [-s] [-w] [-R] path'],
        ['ls -Rs /', '! ls: -R goes with neither -s nor -w\nusage: ls [-s] [-w] [-R] path'],
        ['create -ce /x', '! create: -c goes with none of -e, -s and -t: a container is always persistent'],
        [
          'create -e -t 5 /x',
          '! create: -e does not go with -t: an ephemeral node lives as long as its session',
        ],
        ['create -t soon /x', '! create: -t soon: expected an integer of at least 1'],
        ['setAcl /shell everyone', '! everyone is not an ACL: expected scheme:id:permissions'],
      ] as const) {
        const [status, complaint] = await enter(line);
        expect(status).toBe(2);
        expect(complaint).toContain(message);
      }
      expect(await enter('get relative')).toEqual([1, expect.stringContaining('path must start with /')]);
    });

    it('has help and a history', async () => {
      expect((await enter('help')).length).toBeGreaterThan(15);
      expect((await enter('help get'))[1]).toContain('get [-s] [-w] path');
      expect(await enter('history')).toEqual([0, '0 - ls /', '1 - quit']);
      expect(await enter('quit')).toEqual([0]);
    });
  });
}
