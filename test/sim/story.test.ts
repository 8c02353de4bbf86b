import { describe, expect, test } from 'vitest';
import { StoryRun } from './story.ts';
import { parseStory, renderStory } from './story-file.ts';

const HEAD = '# What it shows.\n# Source: somewhere\n\n';

const tell = (text: string): string => {
  const run = new StoryRun();
  return renderStory(parseStory(text), (command) => run.carryOut(command.text));
};

describe('files', () => {
  test('remarks, commands and what they led to come back as they were', () => {
    const text = `${HEAD}cluster 3\n  1 looking\n\n# Later.\nsettle\n`;
    const story = parseStory(text);
    expect(story).toMatchObject({ title: 'What it shows.', source: 'somewhere' });
    expect(renderStory(story, ({ recorded }) => recorded)).toBe(text);
  });

  test.each([
    ['cluster 3\n', 'the first line says what the story shows'],
    ['# Source: somewhere\ncluster 3\n', 'the first line says what the story shows'],
    ['# What it shows.\ncluster 3\n', 'where the story comes from'],
    [`${HEAD}  1 looking\ncluster 3\n`, 'line 4: output without a command above it'],
    [`${HEAD}cluster 3\n\n  1 looking\n`, 'line 6: output without a command above it'],
  ])('%j is no story', (text, reason) => {
    expect(() => parseStory(text)).toThrow(reason);
  });
});

describe('commands', () => {
  test('what is recorded is what happens, not what the file says', () => {
    const told = tell(`${HEAD}cluster 3\n  1 leader\n`);
    expect(told).toContain('  3 leader, serves clients, last 1:0\n');
    expect(told).not.toContain('  1 leader');
  });

  test('a story is the same each time', () => {
    const text = `${HEAD}cluster 3\nsession s1 at 1\ncreate s1 /a\nsettle\nkill 3\nsettle\nroles\n`;
    expect(tell(text)).toBe(tell(text));
  });

  test.each([
    ['settle', 'a story begins with its cluster'],
    ['cluster 3\ncluster 3', 'a story has one cluster'],
    ['cluster three', 'three is no number of servers'],
    ['cluster 3\nsettel', 'there is no command settel'],
    ['cluster 3\nkill', 'which server?'],
    ['cluster 3\nkill 4', 'there is no server 4'],
    ['cluster 3\nhold 1 2', '1 2 is no way such as 1 > 2'],
    ['cluster 3\ncreate s1 /a', 'there is no session s1'],
    ['cluster 3\nshow packets', 'packets cannot be shown'],
    ['cluster 3\nspend-zxids 1', 'only a leader that serves has zxids to spend'],
    ['cluster 3\nuntil 3 > 1 SNAP', '"3 > 1 SNAP" did not happen within 120000 ms'],
    ['cluster 3\nexpect leader 1', 'expected: leader 1'],
    ['cluster 3\nexpect no leader', 'expected: no leader'],
    ['cluster 3\nexpect 3 follower', 'expected: 3 follower'],
    ['cluster 3\nexpect 1 has /a', 'expected: 1 has /a'],
    ['cluster 3\nexpect 1 lacks /zookeeper', 'expected: 1 lacks /zookeeper'],
    ['cluster 3\nhold 3 > 1\ncreate 2 /a\nsettle\nexpect equal', 'expected: equal'],
    ['cluster 3\nexpect peace', 'nobody knows what to expect by "peace"'],
  ])('%j fails', (commands, reason) => {
    expect(() => tell(`${HEAD}${commands}\n`)).toThrow(reason);
  });
});
