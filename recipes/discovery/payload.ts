import type { StandardSchemaV1 } from '@standard-schema/spec';
import { InvalidValueError } from '../../client/index.ts';
import { validated } from '../../client/schema.ts';

/** What an instance's payload is in its record, which is JSON. Null is no payload and not given to it. */
export interface PayloadCodec<T> {
  encode(payload: T): unknown;
  /** May reject with `InvalidValueError`. */
  decode(json: unknown): T | Promise<T>;
}

export interface JsonPayloadOptions<S extends StandardSchemaV1> {
  /** What payloads are allowed, when they are written as when they are read; others make an instance unreadable. */
  readonly schema?: S | undefined;
  /** The class that Java programs are to read objects and lists into: `java.util.HashMap`, `com.example.Meta`. */
  readonly javaClass?: string | undefined;
}

/** Where Java puts lists without being told a class. */
const JAVA_LIST = 'java.util.ArrayList';

/** Qualified names of classes, and arrays of them, as Jackson writes them. */
const javaClassName = /^(\[*L?)[A-Za-z_$][\w$]*(\.[\w$]+)+;?$/;

/**
 * Payloads as Curator has them, which is with Jackson's type names: objects carry one as `@class`, lists stand in a pair with
 * theirs, everything else is itself. Names are taken off when a payload is read, whichever they are; when it is written objects get
 * that of `javaClass`, and none without it, which Java reads as a map.
 */
export function jsonPayload<S extends StandardSchemaV1>(
  options: JsonPayloadOptions<S> & { readonly schema: S },
): PayloadCodec<StandardSchemaV1.InferOutput<S>>;
export function jsonPayload<T = unknown>(
  options?: JsonPayloadOptions<StandardSchemaV1> & { readonly schema?: undefined },
): PayloadCodec<T>;
export function jsonPayload({
  schema,
  javaClass,
}: JsonPayloadOptions<StandardSchemaV1> = {}): PayloadCodec<unknown> {
  if (javaClass !== undefined && !javaClassName.test(javaClass)) {
    throw new TypeError(`jsonPayload: ${JSON.stringify(javaClass)} is not the full name of a Java class`);
  }
  return {
    encode: (payload) => typed(payload, javaClass),
    decode: (json) => (schema === undefined ? untyped(json) : validated(schema, untyped(json))),
  };
}

function typed(payload: unknown, javaClass: string | undefined): unknown {
  if (Array.isArray(payload)) return [javaClass ?? JAVA_LIST, payload];
  if (typeof payload !== 'object' || payload === null || javaClass === undefined) return payload;
  return { '@class': javaClass, ...payload };
}

function untyped(json: unknown): unknown {
  if (Array.isArray(json)) {
    const [name, value, ...more] = json as unknown[];
    return json.length === 2 && more.length === 0 && typeof name === 'string' && javaClassName.test(name)
      ? value
      : json;
  }
  if (typeof json !== 'object' || json === null) return json;
  const { '@class': _, ...payload } = json as Record<string, unknown>;
  return payload;
}

/** What JSON makes of an encoded payload; throws `InvalidValueError` for what it has no text for. */
export function plainPayload(encoded: unknown): unknown {
  const text = JSON.stringify(encoded) as string | undefined;
  if (text === undefined)
    throw new InvalidValueError([{ at: 'payload', message: `JSON has no ${typeof encoded}` }]);
  return JSON.parse(text);
}
