import type { StandardSchemaV1 } from '@standard-schema/spec';
import { InvalidValueError, json } from '../../client/index.ts';
import { validated } from '../../client/schema.ts';

const plain = json();

/** The JSON value in a node's data; `InvalidValueError` if there is none. */
export async function parse(data: Uint8Array): Promise<unknown> {
  return await plain.decode(data);
}

/**
 * A value as JSON, together with what JSON leaves of it; `InvalidValueError` unless readers will find that valid. Values that only
 * become valid, or invalid, by being written (dates, undefined) are judged as they will be read.
 */
export async function serialised(
  schema: StandardSchemaV1,
  value: unknown,
): Promise<{ readonly text: string; readonly plain: unknown }> {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new InvalidValueError([{ at: '', message: `JSON has no ${typeof value}` }]);
  const read: unknown = JSON.parse(text);
  await validated(schema, read);
  return { text, plain: read };
}
