import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { StoryRun } from './story.ts';
import { parseStory, renderStory } from './story-file.ts';

const directory = new URL('stories/', import.meta.url);
const names = readdirSync(directory).filter((name) => name.endsWith('.story'));
/** Lines of what came before that a failure repeats. */
const SHOWN_BEFORE_FAILURE = 60;
const IS_UPDATE = process.env.UPDATE === '1';

describe('stories', () => {
  test.each(names)('%s', (name) => {
    const file = new URL(name, directory);
    const recorded = readFileSync(file, 'utf8');
    const run = new StoryRun();
    const soFar: string[] = [];
    const told = renderStory(parseStory(recorded), ({ text, lineNumber }) => {
      try {
        soFar.push(text);
        const lines = run.carryOut(text);
        soFar.push(...lines.map((line) => `  ${line}`));
        return lines;
      } catch (error) {
        const cause = error as Error;
        const before = soFar.slice(-SHOWN_BEFORE_FAILURE).join('\n');
        throw new Error(`${name}:${lineNumber}: ${text}: ${cause.message}\n${before}`, { cause });
      }
    });
    if (IS_UPDATE) writeFileSync(file, told);
    else expect(told).toBe(recorded);
  });
});
