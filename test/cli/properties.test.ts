import { describe, expect, it } from 'vitest';
import { PropertiesFault, parseProperties } from '../../core/zoo-cfg/properties.ts';

function pairs(text: string): [string, string, number][] {
  return parseProperties(text).map(({ key, value, line }) => [key, value, line]);
}

describe('the properties format', () => {
  it.each<[string, string, [string, string, number][]]>([
    [
      'separators',
      'a=1\nb:2\nc 3\nd\t=\t4\ne   :   5\nf  6 7',
      [
        ['a', '1', 1],
        ['b', '2', 2],
        ['c', '3', 3],
        ['d', '4', 4],
        ['e', '5', 5],
        ['f', '6 7', 6],
      ],
    ],
    [
      'only the first separator',
      'a==1\nb=:2\nc = = 3',
      [
        ['a', '=1', 1],
        ['b', ':2', 2],
        ['c', '= 3', 3],
      ],
    ],
    ['comments and blank lines', '# a=1\n  ! b=2\n\n   \n c=3 # no comment', [['c', '3 # no comment', 5]]],
    [
      'continued lines',
      'a=1,\\\n    2,\\\n\t3\nb=4',
      [
        ['a', '1,2,3', 1],
        ['b', '4', 4],
      ],
    ],
    ['a continuation of a comment is none', '# a \\\nb=1', [['b', '1', 2]]],
    [
      'an escaped backslash at the end continues nothing',
      'a=c:\\\\\nb=1',
      [
        ['a', 'c:\\', 1],
        ['b', '1', 2],
      ],
    ],
    ['escapes', 'a\\ b\\=c=d\\te\\u0041\\q\\\\', [['a b=c', 'd\teAq\\', 1]]],
    ['a lone backslash vanishes, as in Java', 'dataDir=C:\\zk\\data', [['dataDir', 'C:zkdata', 1]]],
    [
      'no value',
      'a\nb=\nc:',
      [
        ['a', '', 1],
        ['b', '', 2],
        ['c', '', 3],
      ],
    ],
    [
      'all line ends',
      'a=1\r\nb=2\rc=3\n',
      [
        ['a', '1', 1],
        ['b', '2', 2],
        ['c', '3', 3],
      ],
    ],
    ['blanks at the end are trimmed', 'a=1  \t', [['a', '1', 1]]],
    ['a byte order mark', '\uFEFFa=1', [['a', '1', 1]]],
    ['a file that ends in a continuation', 'a=1\\', [['a', '1', 1]]],
    ['nothing', '', []],
  ])('%s', (_, text, expected) => {
    expect(pairs(text)).toEqual(expected);
  });

  it('names the line of a bad escape', () => {
    expect(() => parseProperties('a=1\nb=\\u12')).toThrow(PropertiesFault);
    expect(() => parseProperties('a=1\nb=\\u12zz')).toThrow('\\u12zz is not a \\uXXXX escape');
  });
});
