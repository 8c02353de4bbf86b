/** Why a value cannot be used, and what would be. */
export class BadValue extends Error {
  readonly expected: string;

  constructor(reason: string, expected: string) {
    super(reason);
    this.name = 'BadValue';
    this.expected = expected;
  }
}

/** Turns the text of a value into what it means, or throws `BadValue`. */
export type Reader<T> = (text: string) => T;

export const INT_MAX = 2 ** 31 - 1;

/** Decimal, or hexadecimal with 0x as Java's system properties allow. */
export function integer(min: number, max = INT_MAX): Reader<number> {
  const expected = `an integer from ${min} to ${max}`;
  return (text) => {
    if (!/^[+-]?(\d+|0[xX][0-9a-fA-F]+)$/.test(text)) throw new BadValue('not an integer', expected);
    const value = text.startsWith('-') ? -Number(text.slice(1)) : Number(text.replace('+', ''));
    if (value < min) throw new BadValue('too small', expected);
    if (value > max) throw new BadValue('too large', expected);
    return value;
  };
}

export const decimal: Reader<number> = (text) => {
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(text)) throw new BadValue('not a number', 'a number such as 0.33');
  return Number(text);
};

export const port: Reader<number> = integer(0, 65_535);

export const trueOrFalse: Reader<boolean> = (text) => {
  const lower = text.toLowerCase();
  if (lower === 'true') return true;
  if (lower === 'false') return false;
  throw new BadValue('not a truth value', 'true or false');
};

/**
 * `yes` or `no`. ZooKeeper compares with one of the two words and takes anything else for the other, so that `false` can mean
 * yes; here anything else is refused.
 */
export const yesOrNo: Reader<boolean> = (text) => {
  const lower = text.toLowerCase();
  if (lower === 'yes') return true;
  if (lower === 'no') return false;
  throw new BadValue('not a yes or no', 'yes or no');
};

export const text: Reader<string> = (value) => {
  if (value === '') throw new BadValue('empty', 'a value');
  return value;
};

export const path: Reader<string> = (value) => {
  if (value === '') throw new BadValue('empty', 'the path of a directory');
  if (value.includes('\0')) throw new BadValue('contains a NUL character', 'the path of a directory');
  return value;
};

export const list: Reader<readonly string[]> = (value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

export function oneOf<const T extends string>(...allowed: readonly T[]): Reader<T> {
  return (value) => {
    const found = allowed.find((item) => item.toLowerCase() === value.toLowerCase());
    if (found === undefined) throw new BadValue('not known', allowed.join(' or '));
    return found;
  };
}

const hoursOfUnit = new Map([
  ['ms', 1 / 3_600_000],
  ['s', 1 / 3600],
  ['m', 1 / 60],
  ['h', 1],
  ['d', 24],
]);

/** A number of hours, or a number with the unit ms, s, m, h or d. */
export const intervalHours: Reader<number> = (value) => {
  const match = /^(\d+)(ms|s|m|h|d)?$/i.exec(value);
  if (match === null) throw new BadValue('not an interval', 'hours, or a number with ms, s, m, h or d');
  return Number(match[1]) * hoursOfUnit.get((match[2] ?? 'h').toLowerCase())!;
};

/** A size given in KiB, in bytes. */
export const kibibytes: Reader<number> = (value) => integer(1)(value) * 1024;

export const superDigest: Reader<string> = (value) => {
  if (!/^[^:]+:[A-Za-z0-9+/]{27}=$/.test(value)) {
    throw new BadValue(
      'not a digest',
      'user:base64(sha1(user:password)), for example super:D/InIHSb7yEEbrWz8b9l71RjZJU=',
    );
  }
  return value;
};
