import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { anchors, codeBlocks, document, documents, links, ROOT, sourceFiles } from './markdown.ts';

const generated = join(ROOT, 'test', 'docs', `.generated-types-${process.pid}`);
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

/** What the compiler has to say about the files of a program that lie below `directory`. */
function compile(project: string, directory: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [TSC, '-p', project], { cwd: ROOT }, (error, stdout, stderr) => {
      const complaints = stdout.split('\n').filter((line) => line.includes('error TS'));
      if (error !== null && complaints.length === 0) reject(new Error(stderr, { cause: error }));
      // What is wrong with the sources is for the type check to say.
      else resolve(complaints.filter((line) => line.startsWith(relative(ROOT, directory))));
    });
  });
}

/** Why a link of a document leads nowhere; null if it does not, or leaves the repository. */
function brokenLink(from: string, target: string): string | null {
  if (/^[a-z]+:/.test(target)) return null;
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? from : join(dirname(from), decodeURI(file));
  if (!existsSync(join(ROOT, path))) return `${target}: no such file`;
  if (anchor === undefined || !path.endsWith('.md')) return null;
  return anchors(document(path)).includes(anchor) ? null : `${target}: no such heading`;
}

describe('documents', () => {
  it('are found', () => {
    expect(documents().map(({ path }) => path)).toEqual(
      expect.arrayContaining(['README.md', 'docs/architecture.md', 'docs/decisions/README.md']),
    );
  });

  it.each(documents())('$path: each link leads somewhere', ({ path, text }) => {
    expect(links(text).map((target) => brokenLink(path, target))).toEqual(links(text).map(() => null));
  });

  it.each(documents())('$path: each source file that is named is there', ({ path, text }) => {
    // From the root, or from core/ or client/ on a page that is about it.
    const places = ['', 'core', 'client', dirname(path)];
    const absent = sourceFiles(text).filter(
      (file) => !places.some((place) => existsSync(join(ROOT, place, file))),
    );
    expect(absent).toEqual([]);
  });

  it('list every decision', () => {
    const listed = links(document('docs/decisions/README.md'));
    const there = documents().filter(({ path }) => /^docs\/decisions\/(?!README)/.test(path));
    expect(listed.sort()).toEqual(there.map(({ path }) => path.slice('docs/decisions/'.length)).sort());
  });
});

describe('TypeScript in documents', () => {
  afterAll(() => rm(generated, { recursive: true, force: true }));

  it('is valid as it stands', async () => {
    await mkdir(generated, { recursive: true });
    for (const { path, text } of documents()) {
      for (const [index, code] of codeBlocks(text, 'ts').entries()) {
        // Each block is a module of its own; the name says where a complaint comes from.
        const name = `${path.replaceAll('/', '_').replace(/\.md$/, '')}.${index + 1}.ts`;
        await writeFile(join(generated, name), `${code}\nexport {};\n`);
      }
    }
    const project = join(generated, 'tsconfig.json');
    const compilerOptions = {
      noUnusedLocals: false,
      noUnusedParameters: false,
      paths: {
        zookit: [`${ROOT}index.ts`],
        'zookit/client': [`${ROOT}client/index.ts`],
        'zookit/recipes': [`${ROOT}recipes/index.ts`],
        'zookit/di': [`${ROOT}recipes/di/index.ts`],
        'zookit/core': [`${ROOT}core/index.ts`],
        'zookit/testing': [`${ROOT}testing/index.ts`],
      },
    };
    const config = { extends: '../../../tsconfig.json', compilerOptions, include: ['*.ts'] };
    await writeFile(project, JSON.stringify(config));
    expect(await compile(project, generated)).toEqual([]);
  });
});
