import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../../client/index.ts';
import { ServiceDiscovery } from '../../../recipes/discovery/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { type BuiltPackage, buildOwnPackage } from '../../kit/built.ts';

const ROOT = dirname(dirname(dirname(import.meta.dirname)));

let built: BuiltPackage;
let server: TestServer;
let client: ZooKeeperClient;

beforeAll(async () => {
  built = buildOwnPackage();
  server = await TestServer.start();
  client = await connect(server.connectString);
});
afterAll(async () => {
  await client?.close();
  await server?.close();
  built?.[Symbol.dispose]();
});

/** Starts a module of the built package's directory; `node` arguments and the environment stay as they are. */
function start(file: string) {
  return spawn(process.execPath, [file, server.connectString], { stdio: ['pipe', 'pipe', 'inherit'] });
}

const holder = `
import 'reflect-metadata';
import { container } from 'tsyringe';
import { DISCOVERY, MUTEX_FACTORY, registerZookit, resolve } from './recipes/di/index.js';
await registerZookit(container, { connectString: process.argv[2], sessionTimeoutMs: 30_000 });
const lease = await resolve(container, MUTEX_FACTORY)('/signal/lock').acquire();
await resolve(container, DISCOVERY).register({ name: 'held', address: '127.0.0.1', port: 1 });
console.log('holding ' + lease.path);
`;

test('a process that is asked to end gives back what it holds first, and ends by that signal', async () => {
  const file = join(dirname(dirname(built.main)), 'holder.mjs');
  writeFileSync(file, holder);
  const child = start(file);
  try {
    const [said] = await once(createInterface({ input: child.stdout }), 'line');
    expect(said).toMatch(/^holding \/signal\/lock\//);
    expect(await client.children('/signal/lock')).toHaveLength(1);
    await using discovery = new ServiceDiscovery(client, '/services');
    expect(await discovery.queryForInstances('held')).toHaveLength(1);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([null, 'SIGTERM']);
    await client.sync();
    expect(await client.children('/signal/lock')).toEqual([]);
    expect(await discovery.queryForInstances('held')).toEqual([]);
  } finally {
    child.kill('SIGKILL');
  }
});

const two = `
import { once } from 'node:events';
import 'reflect-metadata';
import { container } from 'tsyringe';
import { registerZookit, resolve, SCOPE } from './recipes/di/index.js';
const slow = container.createChildContainer();
await registerZookit(slow, { connectString: process.argv[2] });
const quick = await registerZookit(container, { connectString: process.argv[2] });
resolve(slow, SCOPE).onClose('what takes its time', async () => {
  await quick.close();
  console.log('the quick one has closed');
  await once(process.stdin, 'data');
  console.log('gave everything back');
});
console.log('there');
`;

test('a process with two modules ends when both have closed', async () => {
  const file = join(dirname(dirname(built.main)), 'two.mjs');
  writeFileSync(file, two);
  const child = start(file);
  try {
    const lines: string[] = [];
    const output = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    await once(output, 'line');
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    await once(output, 'line');
    child.stdin.write('go on\n');
    expect(await ended).toEqual([null, 'SIGTERM']);
    expect(lines).toEqual(['there', 'the quick one has closed', 'gave everything back']);
  } finally {
    child.kill('SIGKILL');
  }
});

const stuck = `
import 'reflect-metadata';
import { container } from 'tsyringe';
import { registerZookit, resolve, SCOPE } from './recipes/di/index.js';
await registerZookit(container, { connectString: process.argv[2] });
resolve(container, SCOPE).onClose('what never ends', () => {
  console.log('closing');
  return new Promise(() => {});
});
console.log('there');
`;

test('a second signal ends a process at once that does not come to the end of its closing', async () => {
  const file = join(dirname(dirname(built.main)), 'stuck.mjs');
  writeFileSync(file, stuck);
  const child = start(file);
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ended = once(child, 'exit');
    expect((await lines.next()).value).toBe('there');
    child.kill('SIGTERM');
    expect((await lines.next()).value).toBe('closing');
    child.kill('SIGINT');
    expect(await ended).toEqual([null, 'SIGINT']);
  } finally {
    child.kill('SIGKILL');
  }
});

const standard = `
import 'reflect-metadata';
import { container } from 'tsyringe';
import { z } from 'zod';
import { configValue, leaderOnly, locked, registerZookit } from './recipes/di/index.js';

const Limits = z.object({ maxItems: z.number() });

class Reports {
  @configValue('/standard/limits', Limits, { default: { maxItems: 3 } })
  accessor limits!: z.infer<typeof Limits>;

  @locked('/standard/lock')
  async nightly(day: string, lease?: { held: boolean }) {
    return [day, lease!.held];
  }

  @leaderOnly('/standard/leader', { otherwise: 'wait' })
  async sweep(term?: { held: boolean }) {
    return term!.held;
  }

  @locked('/standard/hidden')
  async #hidden(lease?: { held: boolean }) {
    return lease!.held && this instanceof Reports;
  }

  hidden() {
    return this.#hidden();
  }

  @locked('/standard/static')
  static async of(lease?: { held: boolean }) {
    return lease!.held;
  }
}

class Annual extends Reports {
  @locked('/standard/annual')
  override async nightly(day: string, lease?: { held: boolean }) {
    return [...(await super.nightly(day)), lease!.held];
  }
}

const faults: string[] = [];
const fails = (define: () => void) => {
  try {
    define();
  } catch (error) {
    faults.push((error as Error).message.replace(/[,;].*/, ''));
  }
};
fails(() => {
  class Items {
    @locked('/standard/items')
    async *all() {}
  }
});
fails(() => {
  class Static {
    @leaderOnly('/standard/leader')
    static async sweep() {}
  }
});
fails(() => {
  class Static {
    @configValue('/standard/limits', Limits)
    static accessor limits!: unknown;
  }
});

const module = await registerZookit(container, { connectString: process.argv[2]! });
const reports = await module.bind(new Reports());
const annual = container.resolve(Annual);
await module.ready();
let refused = '';
try {
  reports.limits = { maxItems: 4 };
} catch (error) {
  refused = (error as Error).message;
}
const calls = [await reports.nightly('monday'), await reports.sweep(), await reports.hidden(), await Reports.of()];
console.log(JSON.stringify([...calls, await annual.nightly('friday'), annual.limits, refused, faults]));
await module.close();
`;

test('the decorators work in their standard form too', async () => {
  const directory = dirname(dirname(built.main));
  writeFileSync(join(directory, 'standard.ts'), standard);
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = ['--ignoreConfig', '--noCheck', '--target', 'es2022', '--module', 'nodenext'];
  execFileSync(process.execPath, [compiler, ...options, join(directory, 'standard.ts')], { stdio: 'pipe' });
  const child = start(join(directory, 'standard.js'));
  try {
    const ended = once(child, 'exit');
    const [said] = await once(createInterface({ input: child.stdout }), 'line');
    expect(JSON.parse(said)).toEqual([
      ['monday', true],
      true,
      true,
      true,
      ['friday', true, true],
      { maxItems: 3 },
      'limits follows the config /standard/limits and cannot be set',
      [
        '@locked: all is a generator',
        '@leaderOnly begins with an instance',
        '@configValue begins with an instance',
      ],
    ]);
    expect(await ended).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});
