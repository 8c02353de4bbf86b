import { expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../wire/bytes.ts';
import { buffer, compiled, int, interpreted, long, record, text, vector } from '../../wire/codec.ts';

// Names that stand for something else in the compiled code, and words of the language.
const fields = { reader: long, writer: int, value: text, delete: buffer, return: vector(text) } as const;
const value = { reader: -5n, writer: 7, value: 'é', delete: null, return: ['a', ''] };

test('compiled and interpreted codecs have the same bytes and values', () => {
  const both = [compiled<typeof value>(fields)!, interpreted<typeof value>(fields)];
  const written = both.map((codec) => {
    const writer = new ByteWriter();
    codec.write(writer, value);
    return writer.finish();
  });
  expect(written[0]).toEqual(written[1]);
  for (const codec of both) {
    const read = codec.read(new ByteReader(written[0]!));
    expect(read).toEqual(value);
    expect(Object.keys(read)).toEqual(Object.keys(value));
  }
});

test('a field whose name is no identifier is refused when the record is declared', () => {
  expect(() => record('Odd', { 'a-b': int })).toThrow("a-b cannot be a field's name");
});
