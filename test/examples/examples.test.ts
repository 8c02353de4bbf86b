import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { connect, type ZooKeeperClient } from '../../client/index.ts';
import { TestServer } from '../../testing/index.ts';
import { type BuiltExamples, buildExamples } from '../kit/example-package.ts';

let examples: BuiltExamples;
let server: TestServer;
let client: ZooKeeperClient;
const running = new Set<Example>();

beforeAll(async () => {
  examples = buildExamples();
  // Short ticks: a worker that was killed is missed soon.
  server = await TestServer.start({ tickTimeMs: 200 });
  client = await connect(server.connectString);
});
afterEach(async () => {
  for (const example of running) await example.kill();
});
afterAll(async () => {
  await client?.close();
  await server?.close();
  examples?.[Symbol.dispose]();
});

/** An example as a process of its own, and what it says. */
class Example {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | NodeJS.Signals>;
  readonly #said = new Set<() => void>();

  constructor(name: string, ...args: string[]) {
    const child = spawn(process.execPath, [examples.file(name), server.connectString, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        for (const wake of this.#said) wake();
      });
    }
    this.#ended = once(child, 'close').then(([code, signal]) => {
      running.delete(this);
      for (const wake of this.#said) wake();
      return code ?? signal;
    });
    running.add(this);
  }

  /** The first line that has the text, when it comes. */
  async says(text: string | RegExp): Promise<string> {
    for (;;) {
      const found = this.lines.find((line) =>
        typeof text === 'string' ? line.includes(text) : text.test(line),
      );
      if (found !== undefined) return found;
      if (!running.has(this)) throw new Error(`it ended without ${text}:\n${this.lines.join('\n')}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#said.delete(wake);
          resolve();
        };
        this.#said.add(wake);
      });
    }
  }

  /** How it ends by itself. */
  end(): Promise<number | NodeJS.Signals> {
    return this.#ended;
  }

  async stop(): Promise<number | NodeJS.Signals> {
    this.#child.kill('SIGTERM');
    return this.#ended;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

const run = (name: string, ...args: string[]): Example => new Example(name, ...args);

test('config: what is published is followed, and what is not valid refused', async () => {
  const first = run('config', 'publish', '{"maxItems":50}');
  expect(await first.end()).toBe(0);
  expect(first.lines).toEqual(['published as version 0']);
  const follower = run('config');
  await follower.says('version 0: at most 50 items, regions none');
  const refused = run('config', 'publish', '{"maxItems":-1}');
  expect(await refused.end()).toBe(1);
  expect(refused.lines.join()).toContain('refused: not valid: maxItems');
  expect(await run('config', 'publish', '{"maxItems":60,"regions":["eu","us"]}').end()).toBe(0);
  await follower.says('version 1: at most 60 items, regions eu, us');
  expect(await follower.stop()).toBe(0);
  expect(follower.lines.at(-1)).toBe('stopped');
});

test('service: instances take turns, one that is gone is passed over', async () => {
  const services = [run('service', 'serve'), run('service', 'serve')];
  await Promise.all(services.map((service) => service.says('serves at port')));
  const callers = run('service', 'call', '6');
  expect(await callers.end()).toBe(0);
  expect(callers.lines).toHaveLength(6);
  expect(new Set(callers.lines).size).toBe(2);
  // Killed, it stays registered until its session expires: calls go to the other one meanwhile.
  await services[0]!.kill();
  const later = run('service', 'call', '4');
  expect(await later.end()).toBe(0);
  expect(new Set(later.lines).size).toBe(1);
  expect(await services[1]!.stop()).toBe(0);
  expect(await run('service', 'call').end()).not.toBe(0);
});

test('workers: all jobs are done although the leader is killed with work in hand', async () => {
  const jobs = 12;
  const first = run('workers', String(jobs));
  await first.says('leads');
  await first.says('did job');
  const others = [run('workers', String(jobs)), run('workers', String(jobs))];
  await Promise.all(others.map((worker) => worker.says('is there')));
  await first.kill();
  const all = [first, ...others];
  await Promise.race(others.map((worker) => worker.says('leads')));
  for (let job = 1; job <= jobs; job++) {
    const did = new RegExp(`did job ${job}(,|$)`);
    await Promise.any(all.map((worker) => worker.says(did)));
  }
  expect(await Promise.all(others.map((worker) => worker.stop()))).toEqual([0, 0]);
  expect(await client.children('/examples/jobs')).toEqual([]);
  expect(await client.children('/examples/leader')).toEqual([]);
});

for (const framework of ['fastify', 'nest']) {
  test(`${framework}: reports under a lock, limits that follow, and an orderly end`, async () => {
    const app = run(framework, '0');
    const url = (await app.says('listening at')).replace('listening at ', '');
    expect(await (await fetch(`${url}/limits`)).json()).toEqual({ maxItems: 10 });
    const made = await Promise.all(
      [1, 2, 3].map(async () => {
        const response = await fetch(`${url}/reports`, { method: 'POST' });
        return (await response.json()) as { items: number; token: number };
      }),
    );
    expect(made.map(({ items }) => items)).toEqual([10, 10, 10]);
    expect(new Set(made.map(({ token }) => token)).size).toBe(3);
    await client.create(`/${framework}/config/limits`, '{"maxItems":7}', { parents: true });
    let limits: unknown;
    do {
      limits = await (await fetch(`${url}/limits`)).json();
    } while ((limits as { maxItems: number }).maxItems !== 7);
    expect([0, 'SIGTERM']).toContain(await app.stop());
    expect(await client.children(`/${framework}/locks/report`)).toEqual([]);
  });
}
