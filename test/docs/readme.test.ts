import { readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { TestServer } from '../../testing/index.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
// Below test/, so that the modules are compiled like any other here.
const generated = join(ROOT, 'test', 'docs', `.generated-${process.pid}`);

interface Block {
  readonly title: string;
  readonly code: string;
}

function typescriptBlocks(): Block[] {
  return [...readme.matchAll(/^### (.+)\n(?:(?!^### )[\s\S])*?```ts\n([\s\S]*?)```/gm)].map(
    ([, title, code]) => ({
      title: title!,
      code: code!,
    }),
  );
}

/** The block as a module here: packages by their sources, and the server of the test in place of the reader's. */
function localised(code: string, port: number): string {
  return code
    .replaceAll("'zookit'", "'../../../index.ts'")
    .replaceAll("'zookit/testing'", "'../../../testing/index.ts'")
    .replaceAll('127.0.0.1:2181', `127.0.0.1:${port}`);
}

describe('README', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start();
    await mkdir(generated, { recursive: true });
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(async () => {
    await rm(generated, { recursive: true, force: true });
    await server?.close();
  });

  /** What a block must print; a title without an entry here fails. */
  const printed: Record<string, readonly unknown[][]> = {
    'A lock': [[expect.stringMatching(/^mine, fencing token \d+$/)], ['not mine any more']],
    Nodes: [[expect.stringMatching(/^set \/config: .*expected version 0/)], [0, 'BadVersion']],
    Changes: [
      ['resync', '/services'],
      ['created', '/services/cart'],
    ],
    'Config, leaders, services, queues': [
      ['version 0: at most 50 items'],
      [expect.stringMatching(/^leading, fencing token \d+$/)],
      ['http://127.0.0.1:8080/items'],
      ['to a@example.org'],
    ],
    Tests: [[null]],
  };

  it.each(typescriptBlocks())('$title: the code works as it stands', async ({ title, code }) => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    const file = join(generated, `${title.replaceAll(' ', '-')}.ts`);
    await writeFile(file, localised(code, server.port));
    await import(/* @vite-ignore */ pathToFileURL(file).href);
    expect(log.mock.calls).toEqual(printed[title]);
  });

  it('has a block for each thing that is shown', () => {
    expect(typescriptBlocks().map(({ title }) => title)).toEqual(Object.keys(printed));
  });

  it('has the two commands of a newcomer', () => {
    expect(readme).toContain('npm ci && npm start');
    expect(readme).toContain('npm ci && npm test');
  });
});
