import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { StoryRun } from './story.ts';
import { parseStory, renderStory } from './story-file.ts';

const directory = new URL('stories/', import.meta.url);
const names = readdirSync(directory).filter((name) => name.endsWith('.story'));
const IS_UPDATE = process.env.UPDATE === '1';

describe('stories', () => {
  test.each(names)('%s', (name) => {
    const file = new URL(name, directory);
    const recorded = readFileSync(file, 'utf8');
    const run = new StoryRun();
    const told = renderStory(parseStory(recorded), ({ text, lineNumber }) => {
      try {
        return run.carryOut(text);
      } catch (error) {
        const cause = error as Error;
        throw new Error(`${name}:${lineNumber}: ${text}: ${cause.message}`, { cause });
      }
    });
    if (IS_UPDATE) writeFileSync(file, told);
    else expect(told).toBe(recorded);
  });
});
