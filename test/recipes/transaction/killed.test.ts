import { appendFile, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { connect } from '../../../client/index.ts';
import { TwoPhaseCommit } from '../../../recipes/index.ts';
import { TestServer } from '../../../testing/index.ts';
import { buildPackage } from '../../kit/built.ts';
import { Child } from '../../kit/processes.ts';
import { tempDirectory } from '../../kit/temp.ts';
import { untilChildren } from '../leader/waiting.ts';

/** A participant that writes to a file what it does, and says so; `stop` is where it waits to be killed. */
const participant = (url: string, address: string, file: string, stop: string) => `
const { appendFileSync } = await import('node:fs');
const { connect, TwoPhaseCommit } = await import(${JSON.stringify(url)});
const client = await connect(${JSON.stringify(address)}, { sessionTimeoutMs: 1000 });
const doing = (what) => async ({ id }) => {
  appendFileSync(${JSON.stringify(file)}, what + ' ' + id + '\\n');
  console.log(what);
  if (what === ${JSON.stringify(stop)}) await new Promise(() => {});
};
const [prepare, commit, rollback] = ['prepare', 'commit', 'rollback'].map(doing);
await TwoPhaseCommit.start(client, '/t', { participant: { id: 'a', prepare, commit, rollback } });
console.log('ready');
`;

test('a process that coordinates and takes part is killed before its vote, and again within its commit', async () => {
  using built = buildPackage();
  await using temp = await tempDirectory('zookit-killed-');
  await using server = await TestServer.start({ tickTimeMs: 100 });
  await using client = await connect(server.connectString);
  const url = pathToFileURL(join(dirname(dirname(built.main)), 'index.js')).href;
  const file = temp.at('done');
  await appendFile(file, '');
  const start = async (stop: string): Promise<Child> => {
    const code = participant(url, server.connectString, file, stop);
    const child = new Child(process.execPath, ['--input-type=module', '-e', code]);
    await child.waitFor(/ready/);
    return child;
  };
  // Started first: it coordinates.
  await using first = await start('prepare');
  const done: string[] = [];
  const doing = (what: string) => () => void done.push(what);
  await using b = await TwoPhaseCommit.start(client, '/t', {
    participant: { id: 'b', prepare: doing('prepare'), commit: doing('commit'), rollback: doing('rollback') },
  });
  const outcome = b.run(
    {},
    { participants: ['a', 'b'], voteTimeoutMs: 60_000, waitFor: 'everybody', id: 'x' },
  );
  await first.waitFor(/prepare/);
  await first.stop('SIGKILL');
  await using second = await start('commit');
  await second.waitFor(/commit/);
  // It has committed, and nobody has heard of it.
  await second.stop('SIGKILL');
  expect(await b.outcome('x')).toMatchObject({ decision: 'commit' });
  await using _third = await start('nowhere');
  expect(await outcome).toEqual({ id: 'x', decision: 'commit', reason: null });
  expect(done).toEqual(['prepare', 'commit']);
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  expect(lines).toEqual(['prepare x', 'prepare x', 'commit x', 'commit x']);
  await untilChildren(client, '/t/transactions', 0);
}, 120_000);
