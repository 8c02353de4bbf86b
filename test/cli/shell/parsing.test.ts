import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPerms, parseAcl } from '../../../cli/shell/acl.ts';
import { parseShellArguments } from '../../../cli/shell/arguments.ts';
import { integerOption, parseOptions } from '../../../cli/shell/options.ts';
import { UsageError } from '../../../cli/shell/usage-error.ts';
import { quoteWord, splitWords } from '../../../cli/shell/words.ts';

describe('words of a line', () => {
  it.each<[string, string[]]>([
    ['', []],
    ['   \t ', []],
    ['ls /', ['ls', '/']],
    ['  set  /a   b ', ['set', '/a', 'b']],
    ['set /a "two words"', ['set', '/a', 'two words']],
    ['set /a \'say "hi"\'', ['set', '/a', 'say "hi"']],
    ['set /a "say \\"hi\\" \\\\ \\n"', ['set', '/a', 'say "hi" \\ \\n']],
    ["set /a ''", ['set', '/a', '']],
    ['a"b c"d', ['ab cd']],
    ['a\\ b c\\\\', ['a b', 'c\\']],
    ['set /json {"x":1}', ['set', '/json', '{x:1}']],
    ['set /json \'{"x":1}\'', ['set', '/json', '{"x":1}']],
    ['end\\', ['end\\']],
  ])('%j', (line, words) => {
    expect(splitWords(line)).toEqual(words);
  });

  it('a quote that is not closed is named with its column', () => {
    expect(() => splitWords('set /a "x')).toThrow('the quote " at column 8 is not closed');
    expect(() => splitWords("'")).toThrow(UsageError);
  });

  it('quoting and splitting are inverse', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (words) => {
        expect(splitWords(words.map(quoteWord).join(' '))).toEqual(words);
      }),
    );
  });
});

describe('options', () => {
  const signature = {
    usage: 'x [-s] [-R] [-v n] path [data]',
    flags: 'sR',
    values: 'v',
    positional: [1, 2],
  } as const;

  it('stand anywhere, joined or apart', () => {
    for (const words of [
      ['-s', '-R', '-v', '3', '/a'],
      ['/a', '-sRv', '3'],
      ['-v3', '/a', '-Rs'],
    ]) {
      const { flags, values, positional } = parseOptions(words, signature);
      expect([[...flags].sort(), [...values], positional]).toEqual([['R', 's'], [['v', '3']], ['/a']]);
    }
  });

  it('negative numbers, a lone dash and what follows -- are no options', () => {
    expect(parseOptions(['/a', '-5'], signature).positional).toEqual(['/a', '-5']);
    expect(parseOptions(['/a', '-'], signature).positional).toEqual(['/a', '-']);
    expect(parseOptions(['--', '/a', '-s'], signature).positional).toEqual(['/a', '-s']);
    expect(integerOption(parseOptions(['-v', '-1', '/a'], signature), 'v', -1, '')).toBe(-1);
  });

  it.each([
    [['-x', '/a'], '-x is not an option of this command'],
    [['/a', '-v'], '-v needs a value'],
    [[], 'an argument is missing'],
    [['/a', 'b', 'c'], 'one argument too many: c (quote what has blanks)'],
  ])('%j: %s', (words, message) => {
    expect(() => parseOptions(words, signature)).toThrow(message);
  });

  it('values that must be integers are checked', () => {
    const given = (value: string) => parseOptions(['-v', value, '/a'], signature);
    expect(integerOption(parseOptions(['/a'], signature), 'v', -1, '')).toBeUndefined();
    for (const bad of ['x', '1.5', '-2', '99999999999999999999']) {
      expect(() => integerOption(given(bad), 'v', -1, '')).toThrow('expected an integer of at least -1');
    }
  });
});

describe('ACLs', () => {
  it("are read with colons in the id, and written in ZooKeeper's order", () => {
    expect(parseAcl('world:anyone:r,digest:u:p+/=:cdrwa,ip:10.0.0.0/8:rw')).toEqual([
      { perms: 1, id: { scheme: 'world', id: 'anyone' } },
      { perms: 31, id: { scheme: 'digest', id: 'u:p+/=' } },
      { perms: 3, id: { scheme: 'ip', id: '10.0.0.0/8' } },
    ]);
    expect([31, 1, 2, 4, 8, 16, 0].map(formatPerms)).toEqual(['cdrwa', 'r', 'w', 'c', 'd', 'a', '']);
    expect(parseAcl('auth::awrdc')[0]).toEqual({ perms: 31, id: { scheme: 'auth', id: '' } });
  });

  it.each(['world', 'world:anyone', ':x:r', '', 'world:anyone:z'])('%j is refused', (text) => {
    expect(() => parseAcl(text)).toThrow('for example world:anyone:r');
  });
});

describe('arguments of the shell', () => {
  it('stand before the command', () => {
    expect(parseShellArguments([])).toEqual({
      connectString: '127.0.0.1:2181',
      sessionTimeoutMs: 30_000,
      readOnly: false,
      command: [],
    });
    expect(parseShellArguments(['-server', 'a:1,b:2/app', '-timeout', '500', '-r', 'ls', '-R', '/'])).toEqual(
      {
        connectString: 'a:1,b:2/app',
        sessionTimeoutMs: 500,
        readOnly: true,
        command: ['ls', '-R', '/'],
      },
    );
    expect(parseShellArguments(['--server', 'a:1']).connectString).toBe('a:1');
  });

  it.each([
    [['-port', '1'], '-port is not an option'],
    [['-server'], '-server needs a value'],
    [['-timeout', 'soon'], '-timeout soon: expected milliseconds'],
  ])('%j: %s', (args, message) => {
    expect(() => parseShellArguments(args)).toThrow(message);
  });
});
