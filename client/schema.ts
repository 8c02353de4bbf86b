import type { StandardSchemaV1 } from '@standard-schema/spec';

/** One thing that is wrong with a value. */
export interface ValueFault {
  /** Where in the value: `items[2].price`; empty for the whole. */
  readonly at: string;
  readonly message: string;
}

/** A value that its schema does not allow, or bytes that hold no value. `faults` has all that is wrong. */
export class InvalidValueError extends Error {
  readonly code = 'InvalidValue';
  readonly faults: readonly ValueFault[];

  constructor(faults: readonly ValueFault[], cause?: unknown) {
    const list = faults.map(({ at, message }) => (at === '' ? message : `${at}: ${message}`)).join('; ');
    super(`not valid: ${list} [InvalidValue]`, cause === undefined ? {} : { cause });
    this.name = 'InvalidValueError';
    this.faults = faults;
  }
}

/** What a validator of the Standard Schema kind (zod, valibot, arktype and others) makes of a value; `InvalidValueError` if nothing. */
export async function validated<S extends StandardSchemaV1>(
  schema: S,
  value: unknown,
): Promise<StandardSchemaV1.InferOutput<S>> {
  const result = await schema['~standard'].validate(value);
  if (result.issues === undefined) return result.value as StandardSchemaV1.InferOutput<S>;
  throw new InvalidValueError(
    result.issues.map(({ message, path }) => ({ at: placeOf(path ?? []), message })),
  );
}

type PathParts = NonNullable<StandardSchemaV1.Issue['path']>;

function placeOf(path: PathParts): string {
  let place = '';
  for (const part of path) {
    const key = typeof part === 'object' ? part.key : part;
    if (typeof key === 'number') place += `[${key}]`;
    else place += place === '' ? String(key) : `.${String(key)}`;
  }
  return place;
}
