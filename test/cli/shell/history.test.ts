import { readFile, stat, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { History } from '../../../cli/shell/history.ts';
import { tempDirectory } from '../../kit/temp.ts';

it('keeps lines for the next shell, readable for their owner only', async () => {
  await using temp = await tempDirectory();
  const first = new History(temp.at('history'));
  for (const line of ['ls /', 'ls /', 'get /a']) first.add(line);
  expect(new History(temp.at('history')).lines).toEqual(['ls /', 'get /a']);
  expect((await stat(temp.at('history'))).mode & 0o777).toBe(0o600);
});

it('never writes a password', async () => {
  await using temp = await tempDirectory();
  const history = new History(temp.at('history'));
  history.add('addauth digest u:secret');
  history.add('ls /');
  expect(history.lines).toContain('addauth digest u:secret');
  expect(await readFile(temp.at('history'), 'utf8')).toBe('ls /\n');
});

it('stays of bounded length', async () => {
  await using temp = await tempDirectory();
  const lines = Array.from({ length: 1001 }, (_, i) => `get /${i}`);
  await writeFile(temp.at('history'), `${lines.join('\n')}\n`);
  expect(new History(temp.at('history')).lines).toEqual(lines.slice(-500));
  expect((await readFile(temp.at('history'), 'utf8')).split('\n')).toHaveLength(501);
});

it('does without a file', async () => {
  await using temp = await tempDirectory();
  for (const file of ['', temp.at('no', 'such', 'directory')]) {
    const history = new History(file);
    history.add('ls /');
    expect(history.lines).toEqual(['ls /']);
  }
});
