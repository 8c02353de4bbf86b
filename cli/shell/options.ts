import { UsageError } from './usage-error.ts';

/** What a command takes: single-letter flags, options with a value, and positional arguments. */
export interface Signature {
  readonly usage: string;
  readonly flags?: string;
  readonly values?: string;
  /** Least and greatest number of positional arguments. */
  readonly positional: readonly [min: number, max: number];
}

export interface Options {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly positional: readonly string[];
}

/**
 * Parts a command's words into options and the rest. Options may stand anywhere, as in ZooKeeper's CLI, and be joined (`-Rs`);
 * after `--` everything is positional. A lone `-` and negative numbers are values, not options.
 */
export function parseOptions(words: readonly string[], signature: Signature): Options {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const positional: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === '--') {
      positional.push(...words.slice(i + 1));
      break;
    }
    if (!/^-\D/.test(word)) {
      positional.push(word);
      continue;
    }
    for (let at = 1; at < word.length; at++) {
      const letter = word[at]!;
      if (signature.flags?.includes(letter) === true) {
        flags.add(letter);
      } else if (signature.values?.includes(letter) === true) {
        const joined = word.slice(at + 1);
        const value = joined === '' ? words[++i] : joined;
        if (value === undefined) throw new UsageError(`-${letter} needs a value`, signature.usage);
        values.set(letter, value);
        break;
      } else {
        throw new UsageError(`-${letter} is not an option of this command`, signature.usage);
      }
    }
  }
  checkCount(positional, signature);
  return { flags, values, positional };
}

function checkCount(positional: readonly string[], { positional: [min, max], usage }: Signature): void {
  if (positional.length < min) throw new UsageError('an argument is missing', usage);
  if (positional.length > max) {
    throw new UsageError(`one argument too many: ${positional[max]} (quote what has blanks)`, usage);
  }
}

/** The value of an option that must be an integer from `min`, undefined if it was not given. */
export function integerOption(
  options: Options,
  letter: string,
  min: number,
  usage: string,
): number | undefined {
  const text = options.values.get(letter);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || value < min || !Number.isSafeInteger(value)) {
    throw new UsageError(`-${letter} ${text}: expected an integer of at least ${min}`, usage);
  }
  return value;
}
