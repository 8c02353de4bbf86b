import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { connect } from '../../index.ts';
import { TestServer } from '../../testing/index.ts';
import { codeBlocks, document, ROOT } from './markdown.ts';

// Below test/, so that the modules are compiled like any other here.
const generated = join(ROOT, 'test', 'docs', `.generated-examples-${process.pid}`);

/** A block as a module here: packages by their sources, and the server of the test in place of the reader's. */
function localised(code: string, port: number): string {
  return code
    .replaceAll("'zookit'", "'../../../index.ts'")
    .replaceAll("'zookit/testing'", "'../../../testing/index.ts'")
    .replaceAll('127.0.0.1:2181', `127.0.0.1:${port}`);
}

/** Blocks that run as they stand, with what they print. Those that need vitest or a web server are type-checked only. */
const examples: readonly [path: string, index: number, printed: readonly unknown[][]][] = [
  ['docs/testing.md', 0, [[['job-0000000000']]]],
  ['docs/testing.md', 2, []],
  ['docs/errors.md', 0, [['/config is not there']]],
  ['docs/recipes/inter-process-mutex.md', 1, []],
  ['docs/recipes/config-store.md', 0, [['version 0: at most 50 items, tax 0.19']]],
  ['docs/recipes/config-store.md', 1, []],
  ['docs/recipes/config-store.md', 2, [['db.internal', 5432]]],
  ['docs/recipes/service-discovery.md', 0, []],
  ['docs/recipes/service-discovery.md', 1, [[[]]]],
];

describe('examples in documents', () => {
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

  it.each(examples)('%s, block %i, works as it stands', async (path, index, printed) => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    const file = join(generated, `${path.replaceAll('/', '_')}.${index}.ts`);
    await writeFile(
      file,
      localised(codeBlocks(document(path), 'ts')[index] ?? 'throw new Error("no block")', server.port),
    );
    await import(/* @vite-ignore */ pathToFileURL(file).href);
    expect(log.mock.calls).toEqual(printed);
  });

  it('leave no lock behind', async () => {
    await using client = await connect(server.connectString);
    expect(await client.children('/locks/account')).toEqual([]);
  });
});
