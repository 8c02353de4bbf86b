type JsonObject = { readonly [key: string]: unknown };

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * What layers amount to, the first the most general: objects are merged key by key, at every depth; anything else (lists, null and
 * values of different kinds included) is replaced by the layer that comes later.
 */
export function mergeLayers(layers: readonly unknown[]): unknown {
  return layers.reduce((below, above) => (isObject(below) && isObject(above) ? merged(below, above) : above));
}

function merged(below: JsonObject, above: JsonObject): JsonObject {
  const entries = new Map(Object.entries(below));
  for (const [key, value] of Object.entries(above)) {
    entries.set(key, entries.has(key) ? mergeLayers([entries.get(key), value]) : value);
  }
  // Not by assignment: `__proto__` is a key like any other.
  return Object.fromEntries(entries);
}
