import { UsageError } from './usage-error.ts';

/**
 * Splits a line into words as a Unix shell does: blanks part words, single quotes keep everything, double quotes all but
 * backslash escapes, a backslash outside keeps the next character. `''` is an empty word. Throws `UsageError` for a quote
 * that is not closed.
 */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let i = 0;
  while (i < line.length) {
    const char = line[i]!;
    if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
      i++;
    } else if (char === "'" || char === '"') {
      const { text, end } = quoted(line, i);
      word = (word ?? '') + text;
      i = end;
    } else {
      const escaped = char === '\\' && i + 1 < line.length;
      word = (word ?? '') + (escaped ? line[i + 1]! : char);
      i += escaped ? 2 : 1;
    }
  }
  if (word !== null) words.push(word);
  return words;
}

function quoted(line: string, start: number): { text: string; end: number } {
  const quote = line[start]!;
  let text = '';
  for (let i = start + 1; i < line.length; i++) {
    const char = line[i]!;
    if (char === quote) return { text, end: i + 1 };
    if (char === '\\' && quote === '"' && (line[i + 1] === '"' || line[i + 1] === '\\')) text += line[++i]!;
    else text += char;
  }
  throw new UsageError(`the quote ${quote} at column ${start + 1} is not closed`);
}

/** Quotes a word, where needed, so that `splitWords` gives it back. */
export function quoteWord(word: string): string {
  return /^[^\s'"\\]+$/.test(word) ? word : `"${word.replace(/["\\]/g, '\\$&')}"`;
}
