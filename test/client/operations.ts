import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AuthFailedError,
  BadArgumentsError,
  BadVersionError,
  type ConnectOptions,
  connect,
  InvalidAclError,
  MultiError,
  NoAuthError,
  NoChildrenForEphemeralsError,
  NodeExistsError,
  NoNodeError,
  NotEmptyError,
  OPEN_ACL,
  Perms,
  RequestTooLargeError,
  ResponseTooLargeError,
  type WatchEvent,
  type ZooKeeperClient,
} from '../../client/index.ts';

/** A server under test. */
export interface ServerUnderTest extends AsyncDisposable {
  /** `host:port`, without a chroot. */
  readonly connectString: string;
}

let rootNumber = 0;

/** Collects what a watch reports and lets a test wait for the n-th event. */
class Events {
  readonly list: WatchEvent[] = [];
  #wake: (() => void)[] = [];
  readonly listener = (event: WatchEvent): void => {
    this.list.push(event);
    for (const wake of this.#wake.splice(0)) wake();
  };

  get short(): string[] {
    return this.list.map(({ type, path }) => `${type} ${path}`);
  }

  async until(count: number): Promise<string[]> {
    while (this.list.length < count) await new Promise<void>((resolve) => this.#wake.push(resolve));
    return this.short;
  }
}

/**
 * Everything that a client does with a server that works, apart from losing it. The same tests run against every server that the
 * client must work with. The server must have TTL nodes switched on.
 */
export function describeClient(name: string, start: () => Promise<ServerUnderTest>): void {
  describe(`client against ${name}`, () => {
    let server: ServerUnderTest;
    let client: ZooKeeperClient;
    /** A chroot of its own for each test. */
    const fresh = async (options: ConnectOptions = {}): Promise<ZooKeeperClient> => {
      rootNumber++;
      return connect(`${server.connectString}/op${rootNumber}`, { ensureChroot: true, ...options });
    };

    beforeAll(async () => {
      server = await start();
      client = await connect(server.connectString);
    });
    afterAll(async () => {
      await client?.close();
      await server?.[Symbol.asyncDispose]();
    });

    test('create, get, set, exists and delete keep data and Stat', async () => {
      await using zk = await fresh();
      const created = await zk.create('/a', 'one');
      expect(created.path).toBe('/a');
      expect(created.stat).toMatchObject({ version: 0, dataLength: 3, numChildren: 0, ephemeralOwner: 0n });
      expect(created.stat.czxid).toBeGreaterThan(0);
      const { data, stat } = await zk.get('/a');
      expect(data?.toString()).toBe('one');
      expect(stat).toEqual(created.stat);
      const after = await zk.set('/a', Buffer.from([0, 255]), { version: 0 });
      expect(after).toMatchObject({ version: 1, dataLength: 2, czxid: stat.czxid });
      expect(after.mzxid).toBeGreaterThan(stat.mzxid);
      expect(await zk.exists('/a')).toEqual(after);
      await zk.delete('/a', { version: 1 });
      expect(await zk.exists('/a')).toBeNull();
    });

    test('null and empty data stay different', async () => {
      await using zk = await fresh();
      await zk.create('/null', null);
      await zk.create('/empty');
      await zk.create('/text', '');
      expect((await zk.get('/null')).data).toBeNull();
      expect((await zk.get('/empty')).data).toEqual(Buffer.alloc(0));
      expect((await zk.get('/text')).data).toEqual(Buffer.alloc(0));
    });

    test('errors name code, operation and path below the chroot', async () => {
      await using zk = await fresh();
      await zk.create('/a');
      await zk.create('/a/b');
      await zk.create('/e', '', { mode: 'ephemeral' });
      const errorOf = (work: Promise<unknown>) =>
        work.then(
          () => null,
          (error: unknown) => error,
        );
      const cases: [Promise<unknown>, new (...args: never) => Error, object][] = [
        [zk.get('/none'), NoNodeError, { code: 'NoNode', operation: 'get', path: '/none' }],
        [zk.create('/a'), NodeExistsError, { code: 'NodeExists', operation: 'create', path: '/a' }],
        [zk.create('/x/y'), NoNodeError, { operation: 'create', path: '/x/y' }],
        [zk.delete('/a'), NotEmptyError, { code: 'NotEmpty', operation: 'delete', path: '/a' }],
        [zk.set('/a', '', { version: 7 }), BadVersionError, { operation: 'set', path: '/a', expected: 7 }],
        [zk.delete('/a/b', { version: 3 }), BadVersionError, { path: '/a/b', expected: 3 }],
        [zk.setAcl('/a', OPEN_ACL, { version: 5 }), BadVersionError, { operation: 'setAcl', expected: 5 }],
        [zk.setAcl('/a', []), InvalidAclError, { code: 'InvalidACL', path: '/a' }],
        [zk.create('/e/child'), NoChildrenForEphemeralsError, { path: '/e/child' }],
        [zk.create('/bad/'), BadArgumentsError, { code: 'BadArguments', path: '/bad/' }],
        [zk.get('relative'), BadArgumentsError, { operation: 'get', path: 'relative' }],
        [zk.create('/t', '', { mode: 'container', ttlMs: 5 }), BadArgumentsError, { path: '/t' }],
        [zk.create('/smile\u{1f600}'), BadArgumentsError, { operation: 'create' }],
      ];
      const errors = await Promise.all(cases.map(([work]) => errorOf(work)));
      for (const [i, [, kind, fields]] of cases.entries()) {
        const error = errors[i];
        expect(error).toBeInstanceOf(kind);
        expect(error).toMatchObject(fields);
        // The path is the caller's; that it lies below the chroot may stand behind it.
        expect((error as Error).message).not.toMatch(/^[^(]*\/op/);
      }
    });

    test('every mode makes its kind of node', async () => {
      await using zk = await fresh();
      const first = await zk.create('/s-', '', { mode: 'persistent-sequential' });
      const second = await zk.create('/s-', '', { mode: 'ephemeral-sequential' });
      expect(first.path).toMatch(/^\/s-\d{10}$/);
      expect(Number(second.path.slice(3))).toBe(Number(first.path.slice(3)) + 1);
      expect(second.stat.ephemeralOwner).toBe(zk.sessionId);
      expect((await zk.create('/e', '', { mode: 'ephemeral' })).stat.ephemeralOwner).toBe(zk.sessionId);
      expect((await zk.create('/c', '', { mode: 'container' })).stat.ephemeralOwner).toBe(0n);
      expect((await zk.create('/t', '', { ttlMs: 600_000 })).path).toBe('/t');
      const timed = await zk.create('/t-', '', { mode: 'persistent-sequential-with-ttl', ttlMs: 600_000 });
      expect(timed.path).toMatch(/^\/t-\d{10}$/);
      await zk.create('/dir');
      expect((await zk.create('/dir/', '', { mode: 'persistent-sequential' })).path).toBe('/dir/0000000000');
    });

    test('parents are created, the chroot among them, and ensurePath is idempotent', async () => {
      rootNumber++;
      await using zk = await connect(`${server.connectString}/op${rootNumber}/deep/root`);
      expect((await zk.create('/a/b/c', 'x', { parents: true })).path).toBe('/a/b/c');
      expect((await zk.get('/a')).data).toEqual(Buffer.alloc(0));
      await zk.create('/k/', '', { mode: 'persistent-sequential', parents: 'container' });
      expect(await zk.children('/k')).toEqual(['0000000000']);
      await Promise.all([zk.ensurePath('/p/q'), zk.ensurePath('/p/q/r'), zk.ensurePath('/p')]);
      await zk.ensurePath('/p/q/r');
      expect(await zk.exists('/p/q/r')).not.toBeNull();
    });

    test('children with and without Stat, counts and ephemerals', async () => {
      await using zk = await fresh();
      await zk.create('/a/b', '', { parents: true });
      await zk.create('/a/c', '', { mode: 'ephemeral' });
      await zk.create('/a/b/d', '', { mode: 'ephemeral' });
      expect((await zk.children('/a')).sort()).toEqual(['b', 'c']);
      const { children, stat } = await zk.childrenAndStat('/a');
      expect(children.sort()).toEqual(['b', 'c']);
      expect(stat.numChildren).toBe(2);
      expect(await zk.getAllChildrenNumber('/a')).toBe(3);
      expect((await zk.getEphemerals()).sort()).toEqual(['/a/b/d', '/a/c']);
      expect(await zk.getEphemerals('/a/b')).toEqual(['/a/b/d']);
    });

    test('deleteRecursive takes a whole tree, guaranteed delete a node', async () => {
      await using zk = await fresh();
      await Promise.all(
        Array.from({ length: 40 }, (_, i) => zk.create(`/t/${i % 4}/${i}`, '', { parents: true })),
      );
      await zk.deleteRecursive('/t');
      expect(await zk.exists('/t')).toBeNull();
      await expect(zk.deleteRecursive('/t')).rejects.toThrow(NoNodeError);
      await zk.create('/g');
      await zk.delete('/g', { guaranteed: true });
      await expect(zk.delete('/g', { guaranteed: true })).rejects.toThrow(NoNodeError);
    });

    test('a protected create marks the name', async () => {
      await using zk = await fresh();
      const { path } = await zk.create('/l/x-', 'd', {
        mode: 'ephemeral-sequential',
        parents: true,
        protected: true,
      });
      expect(path).toMatch(/^\/l\/_c_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-x-\d{10}$/);
      expect((await zk.get(path)).data?.toString()).toBe('d');
    });

    test('a transaction applies everything and returns typed results', async () => {
      await using zk = await fresh();
      await zk.create('/a', '1');
      const [checked, stat, created, removed] = await zk
        .transaction()
        .check('/a', 0)
        .set('/a', '2', { version: 0 })
        .create('/a/n-', 'x', { mode: 'persistent-sequential' })
        .delete('/a/n-0000000000')
        .commit();
      expect(checked).toBeNull();
      expect(stat.version).toBe(1);
      expect(created.path).toBe('/a/n-0000000000');
      expect(removed).toBeNull();
      expect(await zk.children('/a')).toEqual([]);
      expect(await zk.transaction().commit()).toEqual([]);
      await zk
        .transaction()
        .create('/c', '', { mode: 'container' })
        .create('/t', '', { ttlMs: 9_000 })
        .commit();
      expect(await zk.exists('/t')).not.toBeNull();
    });

    test('a failed transaction says which operation and applies nothing', async () => {
      await using zk = await fresh();
      await zk.create('/a', '1');
      const error = await zk
        .transaction()
        .set('/a', '2')
        .check('/a', 5)
        .create('/b')
        .commit()
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(MultiError);
      expect(error).toMatchObject({ index: 1, path: '/a', code: 'TransactionFailed' });
      expect((error as MultiError).failure).toBeInstanceOf(BadVersionError);
      expect((error as MultiError).failure).toMatchObject({ operation: 'check', expected: 5 });
      expect((await zk.get('/a')).data?.toString()).toBe('1');
      expect(await zk.exists('/b')).toBeNull();
    });

    test('multiRead gives each read its own result', async () => {
      await using zk = await fresh();
      await zk.create('/a/b', 'x', { parents: true });
      const [data, names, missing] = await zk.multiRead([
        { get: '/a/b' },
        { children: '/a' },
        { get: '/none' },
      ]);
      expect(data.ok && data.value.data?.toString()).toBe('x');
      expect(names).toEqual({ ok: true, value: ['b'] });
      expect(missing.ok).toBe(false);
      expect(!missing.ok && missing.error).toBeInstanceOf(NoNodeError);
      expect(!missing.ok && missing.error.path).toBe('/none');
    });

    test('credentials, ACLs and whoAmI', async () => {
      await using owner = await fresh({ auth: [{ scheme: 'digest', auth: 'ann:secret' }] });
      await using other = await connect(`${server.connectString}/op${rootNumber}`);
      const acl = [{ perms: Perms.all, id: { scheme: 'auth', id: '' } }];
      await owner.create('/mine', 'x', { acl });
      await expect(other.get('/mine')).rejects.toThrow(NoAuthError);
      const seen = await owner.getAcl('/mine');
      expect(seen.acl).toMatchObject([{ perms: Perms.all, id: { scheme: 'digest' } }]);
      expect(seen.acl[0]?.id.id).toMatch(/^ann:/);
      expect((await owner.whoAmI()).map((info) => `${info.authScheme}:${info.user}`)).toContain('digest:ann');
      await other.addAuth('digest', 'ann:secret');
      expect((await other.get('/mine')).data?.toString()).toBe('x');
      const stat = await owner.setAcl('/mine', OPEN_ACL, { version: 0 });
      expect(stat.aversion).toBe(1);
      await expect(other.addAuth('nosuchscheme', 'x')).rejects.toThrow(AuthFailedError);
      // The server hung up; the client comes back without what was refused.
      expect((await other.get('/mine')).data?.toString()).toBe('x');
    });

    test('connect rejects when its credentials are refused', async () => {
      const auth = [{ scheme: 'nosuchscheme', auth: 'x' }];
      await expect(connect(server.connectString, { auth })).rejects.toThrow(AuthFailedError);
    });

    test('one-shot watches fire once, before the reply that shows the change', async () => {
      await using zk = await fresh();
      const [data, exist, child] = [new Events(), new Events(), new Events()];
      await zk.create('/a');
      await zk.get('/a', { watch: data.listener });
      await zk.exists('/b', { watch: exist.listener });
      await zk.children('/a', { watch: child.listener });
      expect(zk.watchCounts()).toMatchObject({
        data: { paths: 1, listeners: 1 },
        exist: { paths: 1 },
        child: { paths: 1 },
      });
      await zk.set('/a', '1');
      expect(data.short).toEqual(['dataChanged /a']);
      await zk.create('/b');
      expect(exist.short).toEqual(['created /b']);
      await zk.create('/a/x');
      expect(child.short).toEqual(['childrenChanged /a']);
      await zk.set('/a', '2');
      await zk.create('/a/y');
      expect([data.list.length, exist.list.length, child.list.length]).toEqual([1, 1, 1]);
      expect(zk.watchCounts()).toMatchObject({
        data: { paths: 0 },
        exist: { paths: 0 },
        child: { paths: 0 },
      });
      await zk.get('/b', { watch: data.listener });
      await zk.children('/b', { watch: data.listener });
      await zk.delete('/b');
      expect(data.short).toEqual(['dataChanged /a', 'deleted /b']);
    });

    test('a get of a missing node leaves no watch', async () => {
      await using zk = await fresh();
      const events = new Events();
      await expect(zk.get('/none', { watch: events.listener })).rejects.toThrow(NoNodeError);
      await zk.create('/none');
      await zk.sync();
      expect(events.list).toEqual([]);
      expect(zk.watchCounts().data.paths).toBe(0);
    });

    test('persistent watches stay, recursive ones see the whole tree', async () => {
      await using zk = await fresh();
      const [one, all] = [new Events(), new Events()];
      const watch = await zk.addWatch('/a', one.listener);
      await using recursive = await zk.addWatch('/r', all.listener, { recursive: true });
      expect(recursive.recursive).toBe(true);
      await zk.create('/a');
      await zk.set('/a', '1');
      await zk.create('/a/b');
      await zk.create('/r/s/t', '', { parents: true });
      await zk.set('/r/s/t', '1');
      await zk.deleteRecursive('/r');
      expect(one.short).toEqual(['created /a', 'dataChanged /a', 'childrenChanged /a']);
      expect(await all.until(7)).toEqual([
        'created /r',
        'created /r/s',
        'created /r/s/t',
        'dataChanged /r/s/t',
        'deleted /r/s/t',
        'deleted /r/s',
        'deleted /r',
      ]);
      await watch.remove();
      await zk.set('/a', '2');
      await zk.sync();
      expect(one.list.length).toBe(3);
      expect(zk.watchCounts().persistent).toEqual({ paths: 0, listeners: 0 });
    });

    test('the server keeps a persistent watch until its last listener goes, and other watches on the path', async () => {
      await using zk = await fresh();
      const [first, second, data] = [new Events(), new Events(), new Events()];
      await zk.create('/a');
      const one = await zk.addWatch('/a', first.listener);
      const two = await zk.addWatch('/a', second.listener);
      await zk.get('/a', { watch: data.listener });
      await one.remove();
      expect(await zk.checkWatches('/a', 'any')).toBe(true);
      await zk.create('/a/x');
      expect([first.short, second.short]).toEqual([[], ['childrenChanged /a']]);
      await two.remove();
      await zk.set('/a', '1');
      expect(data.short).toEqual(['dataChanged /a']);
      expect(second.short).toEqual(['childrenChanged /a']);
      expect(await zk.checkWatches('/a', 'any')).toBe(false);
      expect(await zk.checkWatches('/none', 'children')).toBe(false);
    });

    test('removeWatches tells the listeners', async () => {
      await using zk = await fresh();
      const events = new Events();
      await zk.create('/a');
      await zk.get('/a', { watch: events.listener });
      expect(await zk.checkWatches('/a', 'data')).toBe(true);
      await zk.removeWatches('/a', 'data');
      expect(events.list).toMatchObject([{ type: 'ended', path: '/a', reason: 'removed' }]);
      expect(await zk.checkWatches('/a', 'data')).toBe(false);
      await expect(zk.removeWatches('/a', 'data')).rejects.toMatchObject({ code: 'NoWatcher' });
    });

    test('watch streams begin with resync and end with their signal', async () => {
      await using zk = await fresh();
      const stop = new AbortController();
      const seen: string[] = [];
      for await (const change of zk.watch('/w', { recursive: true, signal: stop.signal })) {
        seen.push(`${change.type} ${change.path}`);
        if (seen.length === 1) await zk.create('/w');
        if (seen.length === 2) zk.create('/w/x').catch(() => {});
        if (seen.length === 3) stop.abort();
      }
      expect(seen).toEqual(['resync /w', 'created /w', 'created /w/x']);
      for await (const change of zk.watch('/w')) {
        expect(change.type).toBe('resync');
        break;
      }
      expect(zk.watchCounts()).toMatchObject({ persistent: { paths: 0 }, recursive: { paths: 0 } });
      await zk.sync();
      expect(await zk.checkWatches('/w', 'any')).toBe(false);
    });

    test('operations called together are answered in order', async () => {
      await using zk = await fresh();
      const order: number[] = [];
      await zk.create('/n', '0');
      await Promise.all(
        Array.from({ length: 500 }, (_, i) =>
          (i % 2 === 0 ? zk.set('/n', String(i)) : zk.get('/n')).then((result) => {
            order.push(i);
            if ('data' in result) expect(result.data?.toString()).toBe(String(i - 1));
          }),
        ),
      );
      expect(order).toEqual(Array.from({ length: 500 }, (_, i) => i));
    });

    test('a signal stops the waiting, and what follows is not disturbed', async () => {
      await using zk = await fresh();
      await zk.create('/a', 'x');
      const stop = new AbortController();
      const events = new Events();
      const aborted = zk.get('/a', { signal: stop.signal, watch: events.listener });
      const next = zk.get('/a');
      stop.abort(new Error('enough'));
      await expect(aborted).rejects.toThrow('enough');
      expect((await next).data?.toString()).toBe('x');
      await expect(zk.get('/a', { signal: stop.signal })).rejects.toThrow('enough');
      await zk.sync();
      expect(await zk.checkWatches('/a', 'data')).toBe(false);
      await zk.set('/a', 'y');
      expect(events.list).toEqual([]);
    });

    test('an aborted protected create leaves no node', async () => {
      await using zk = await fresh();
      await zk.create('/l');
      const stop = new AbortController();
      const work = zk.create('/l/x-', '', {
        mode: 'ephemeral-sequential',
        protected: true,
        signal: stop.signal,
      });
      // The request leaves at the end of this turn: the answer finds nobody waiting.
      setImmediate(() => stop.abort());
      await work.catch(() => {});
      const events = new Events();
      while ((await zk.children('/l', { watch: events.listener })).length > 0) await events.until(1);
      expect(await zk.children('/l')).toEqual([]);
    });

    test('large data, and what exceeds the limit', async () => {
      await using zk = await fresh();
      const data = Buffer.alloc(900_000, 7);
      await zk.create('/big', data);
      expect((await zk.get('/big')).data?.equals(data)).toBe(true);
      await expect(zk.set('/big', Buffer.alloc(2_000_000))).rejects.toThrow(RequestTooLargeError);
      await using narrow = await connect(`${server.connectString}/op${rootNumber}`, {
        frameBytesMax: 100_000,
      });
      await expect(narrow.get('/big')).rejects.toThrow(ResponseTooLargeError);
      expect((await narrow.exists('/big'))?.dataLength).toBe(900_000);
    });

    test('close ends the session and its ephemeral nodes, twice and in a listener too', async () => {
      const zk = await fresh();
      await zk.create('/e', '', { mode: 'ephemeral' });
      const root = zk.chroot;
      const events = new Events();
      const gone = new Events();
      await client.exists(`${root}/e`, { watch: gone.listener });
      await zk.get('/e', {
        watch: (event) => {
          events.listener(event);
          void zk.close();
        },
      });
      const closing = zk.close();
      await Promise.all([closing, zk.close()]);
      await zk.close();
      expect(await gone.until(1)).toEqual([`deleted ${root}/e`]);
      // The deletion by our own close may or may not be reported before the end; the watch ends once either way.
      expect(events.list.length).toBe(1);
      await expect(zk.get('/e')).rejects.toMatchObject({ code: 'Closed', outcome: 'not-applied' });
      expect(zk.watchCounts().data.listeners).toBe(0);
    });

    test('sessions: id, timeout and server', async () => {
      await using zk = await connect(server.connectString, { sessionTimeoutMs: 10_000 });
      expect(zk.sessionId).not.toBe(0n);
      expect(zk.sessionTimeoutMs).toBe(10_000);
      expect(zk.server).toBe(server.connectString);
      expect(zk.state).toBe('connected');
      await zk.create(`/session-${rootNumber}`, '', { mode: 'ephemeral' });
      expect(zk.lastZxid).toBeGreaterThan(0);
    });
  });
}
