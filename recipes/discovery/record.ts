import { type Codec, InvalidValueError, json } from '../../client/index.ts';
import { ServiceInstance, type ServiceType, serviceTypes } from './instance.ts';
import { type PayloadCodec, plainPayload } from './payload.ts';
import { type UriPart, UriSpec } from './uri-spec.ts';

const plain = json();

/**
 * Instances as the data of their nodes: the JSON that Curator's discovery writes, key by key. `enabled` is written only where it is
 * false, as Curator's readers before 2.9 know no such key.
 */
export function recordCodec<T>(payloads: PayloadCodec<T>): Codec<ServiceInstance<T>> {
  return {
    async encode(instance) {
      const { name, id, address, port, sslPort, registrationTimeUTC, serviceType, uriSpec } = instance;
      const payload = instance.payload === null ? null : plainPayload(payloads.encode(instance.payload));
      // Whoever reads it must be able to, ourselves included.
      await readPayload(payloads, payload);
      const parts = uriSpec === null ? null : { parts: uriSpec.parts };
      const record = {
        name,
        id,
        address,
        port,
        sslPort,
        payload,
        registrationTimeUTC,
        serviceType,
        uriSpec: parts,
      };
      return Buffer.from(JSON.stringify(instance.enabled ? record : { ...record, enabled: false }));
    },
    async decode(data) {
      const record = await plain.decode(data);
      if (typeof record !== 'object' || record === null || Array.isArray(record)) {
        throw new InvalidValueError([{ at: '', message: 'not a record of an instance' }]);
      }
      const fields = readFields(record as Record<string, unknown>);
      const { payload = null } = record as Record<string, unknown>;
      return new ServiceInstance<T>({ ...fields, payload: await readPayload(payloads, payload) });
    },
  };
}

async function readPayload<T>(payloads: PayloadCodec<T>, payload: unknown): Promise<T | null> {
  if (payload === null) return null;
  try {
    return await payloads.decode(payload);
  } catch (error) {
    if (!(error instanceof InvalidValueError)) throw error;
    const faults = error.faults.map(({ at, message }) => ({
      at: at === '' || at.startsWith('[') ? `payload${at}` : `payload.${at}`,
      message,
    }));
    throw new InvalidValueError(faults, error);
  }
}

function readFields(record: Record<string, unknown>) {
  const faults: { at: string; message: string }[] = [];
  const field = <F>(key: string, what: string, is: (value: unknown) => value is F, otherwise?: F): F => {
    const value = record[key] ?? otherwise;
    if (!is(value)) faults.push({ at: key, message: `expected ${what}` });
    return value as F;
  };
  const fields = {
    name: field('name', 'a text', isText),
    id: field('id', 'a text', isText),
    address: field('address', 'a text', isTextOrNull, null),
    port: field('port', 'a number', isNumberOrNull, null),
    sslPort: field('sslPort', 'a number', isNumberOrNull, null),
    registrationTimeUTC: field('registrationTimeUTC', 'a number', isNumber, 0),
    serviceType: field('serviceType', serviceTypes.join(', '), isServiceType, 'DYNAMIC'),
    enabled: field('enabled', 'a boolean', isBoolean, true),
    uriSpec: readUriSpec(field('uriSpec', 'a list of parts', isPartsOrNull, null)),
  };
  if (faults.length > 0) throw new InvalidValueError(faults);
  return fields;
}

type Parts = { readonly parts: readonly UriPart[] };

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isTextOrNull = (value: unknown): value is string | null => value === null || isText(value);
const isNumberOrNull = (value: unknown): value is number | null => value === null || isNumber(value);
const isServiceType = (value: unknown): value is ServiceType =>
  (serviceTypes as readonly unknown[]).includes(value);

function isPartsOrNull(value: unknown): value is Parts | null {
  if (value === null) return true;
  if (typeof value !== 'object' || !('parts' in (value as object))) return false;
  const { parts } = value as { parts: unknown };
  return (
    Array.isArray(parts) &&
    parts.every((part: unknown) => {
      if (typeof part !== 'object' || part === null) return false;
      const { value: text, variable } = part as Record<string, unknown>;
      return isText(text) && isBoolean(variable);
    })
  );
}

function readUriSpec(spec: Parts | null): UriSpec | null {
  // What is no spec has been found at fault and goes no further.
  if (!isPartsOrNull(spec) || spec === null) return null;
  return new UriSpec(spec.parts.map(({ value, variable }) => ({ value, variable })));
}
