import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import * as recipes from '../../recipes/index.ts';
import { TestServer } from '../../testing/index.ts';
import { documents, links, ROOT } from '../docs/markdown.ts';
import { RedisServer, redisServer } from '../kit/redis.ts';

const directory = join(ROOT, 'examples', 'recipes');
const examples = readdirSync(directory).map((file) => file.replace(/\.ts$/, ''));
// Below test/, so that the modules are compiled like any other here.
const generated = join(ROOT, 'test', 'examples', `.generated-recipes-${process.pid}`);

const sourceOf = (example: string): string => readFileSync(join(directory, `${example}.ts`), 'utf8');

/** What an example says that it prints. */
function promised(source: string): string[] {
  const [, lines = ''] = source.split('// Prints:\n');
  return lines
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^\/\/ {3}/, ''));
}

describe('examples of recipes', () => {
  let server: TestServer;
  let redis: RedisServer | null = null;
  const { argv } = process;
  beforeAll(async () => {
    server = await TestServer.start();
    await mkdir(generated, { recursive: true });
    if (redisServer() !== null) redis = await RedisServer.start();
    process.argv = [...argv.slice(0, 2), server.connectString, `redis://127.0.0.1:${redis?.port}`];
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(async () => {
    process.argv = argv;
    await rm(generated, { recursive: true, force: true });
    await server?.close();
    await redis?.[Symbol.asyncDispose]();
  });

  it.for(examples)('%s prints what it says', async (example, context) => {
    // Without a redis-server there is nothing to show.
    if (example === 'fenced-redis' && redis === null) context.skip();
    const printed: string[] = [];
    vi.spyOn(console, 'log').mockImplementation((...values) => void printed.push(format(...values)));
    const source = sourceOf(example);
    const file = join(generated, `${example}.ts`);
    // The sources in place of the package.
    await writeFile(file, source.replaceAll("'zookit'", "'../../../index.ts'"));
    await import(/* @vite-ignore */ pathToFileURL(file).href);
    expect(printed).toEqual(promised(source));
  });

  it('are there for every recipe', () => {
    const sources = examples.map(sourceOf).join('\n');
    const missing = documents()
      .filter(({ path }) => path.startsWith('docs/recipes/'))
      .flatMap(({ text }) => [...text.matchAll(/^#+ (.+)$/gm)].flatMap(([, title]) => title!.split(' and ')))
      .filter((title) => title in recipes && !sources.includes(title));
    expect(missing).toEqual([]);
  });

  it('are each linked from the page of their recipe', () => {
    const pages = documents().filter(({ path }) => path.startsWith('docs/recipes/'));
    const linked = new Set(pages.flatMap(({ text }) => links(text)));
    const missing = examples.filter((example) => !linked.has(`../../examples/recipes/${example}.ts`));
    expect(missing).toEqual([]);
  });
});
