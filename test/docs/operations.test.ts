import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { defaultConfig } from '../../core/config.ts';
import { keys } from '../../core/zoo-cfg/keys.ts';
import { parseZooCfg } from '../../core/zoo-cfg.ts';
import { fourLetterWords } from '../../wire/four-letter.ts';

const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

it('every key is explained', () => {
  expect([...keys.keys()].filter((key) => !page.includes(`\`${key}\``))).toEqual([]);
});

it('every word is explained, but those that are not supported', () => {
  const absent = fourLetterWords.filter((word) => !page.includes(`\`${word}\``));
  expect(absent).toEqual(['gtmk', 'stmk']);
});

it('the defaults are those of the server', () => {
  const rows = [...page.matchAll(/^\| `([^`]+)` +\| `([^`]+)` +\|/gm)].filter(
    ([, , value]) => value !== 'dataDir',
  );
  expect(rows.length).toBeGreaterThan(20);
  const text = rows.map(([, key, value]) => `${key}=${value}`).join('\n');
  const { config, warnings } = parseZooCfg(`dataDir=/d\nclientPort=2181\n${text}`, 'zoo.cfg');
  expect(warnings).toEqual([]);
  expect({ ...config, initialConfig: '' }).toEqual({ ...defaultConfig, dataDir: '/d', dataLogDir: '/d' });
});
