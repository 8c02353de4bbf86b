import type { UriSpec } from './uri-spec.ts';

/** The kinds of instances that there are; the names are Curator's, and part of the record. */
export const serviceTypes = ['DYNAMIC', 'STATIC', 'PERMANENT', 'DYNAMIC_SEQUENTIAL'] as const;

/**
 * How long an instance is registered:
 * - `DYNAMIC`: as long as the session of who registered it.
 * - `DYNAMIC_SEQUENTIAL`: the same, in a node whose name has a number behind the id.
 * - `STATIC`: until the registration is closed.
 * - `PERMANENT`: until it is unregistered.
 */
export type ServiceType = (typeof serviceTypes)[number];

/** What an instance is made of. */
export interface InstanceFields<T> {
  /** The service that it is an instance of. */
  readonly name: string;
  readonly id: string;
  /** Host name or IP address. */
  readonly address: string | null;
  readonly port: number | null;
  /** The port for TLS. */
  readonly sslPort: number | null;
  readonly payload: T | null;
  /** When it was registered, in milliseconds since 1970, by the clock of who did. */
  readonly registrationTimeUTC: number;
  readonly serviceType: ServiceType;
  readonly uriSpec: UriSpec | null;
  /** Whether providers may choose it. */
  readonly enabled: boolean;
}

/** One instance of a service. */
export class ServiceInstance<T = unknown> implements InstanceFields<T> {
  readonly name: string;
  readonly id: string;
  readonly address: string | null;
  readonly port: number | null;
  readonly sslPort: number | null;
  readonly payload: T | null;
  readonly registrationTimeUTC: number;
  readonly serviceType: ServiceType;
  readonly uriSpec: UriSpec | null;
  readonly enabled: boolean;

  constructor(fields: InstanceFields<T>) {
    this.name = fields.name;
    this.id = fields.id;
    this.address = fields.address;
    this.port = fields.port;
    this.sslPort = fields.sslPort;
    this.payload = fields.payload;
    this.registrationTimeUTC = fields.registrationTimeUTC;
    this.serviceType = fields.serviceType;
    this.uriSpec = fields.uriSpec;
    this.enabled = fields.enabled;
  }

  /**
   * Where the instance is, with a path behind it: by its `uriSpec`, or else `https://address:sslPort` if it has a `sslPort`, or else
   * `http://address:port`. Throws `TypeError` if it has neither `uriSpec` nor address.
   */
  url(path = '', variables: Readonly<Record<string, string | number>> = {}): string {
    const base = this.uriSpec === null ? this.#origin() : this.uriSpec.build(this, variables);
    return path === '' ? base : `${base.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`;
  }

  #origin(): string {
    const { address, port, sslPort } = this;
    if (address === null)
      throw new TypeError(`instance ${this.name}/${this.id} has no address and no uriSpec`);
    const host = address.includes(':') ? `[${address}]` : address;
    const at = sslPort ?? port;
    return `${sslPort === null ? 'http' : 'https'}://${host}${at === null ? '' : `:${at}`}`;
  }
}

/** What tells one registration of an instance from the next. */
export function instanceKey({ name, id, registrationTimeUTC }: InstanceFields<unknown>): string {
  return `${name}/${id}/${registrationTimeUTC}`;
}

const NUL = '\u0000';

/** Why a name or an id cannot be that of a node; null if it can. */
function nameFault(name: unknown): string | null {
  if (typeof name !== 'string' || name === '') return 'must be a text';
  if (name.includes('/') || name.includes(NUL) || name === '.' || name === '..')
    return 'must be a name of a node';
  return null;
}

/** Throws `TypeError` for what can be no service's name and no instance's id. */
export function checkName(what: string, name: unknown): void {
  const fault = nameFault(name);
  if (fault !== null) throw new TypeError(`discovery: ${what} ${JSON.stringify(name)}: ${fault}`);
}

/** Throws `RangeError` for what is no port that others could connect to. */
export function checkPort(what: string, port: number | null | undefined): void {
  if (port == null || (Number.isInteger(port) && port > 0 && port < 65_536)) return;
  const remedy = port === 0 ? '; register the one that the system gave, once it is known' : '';
  throw new RangeError(`discovery: ${what} must be a port number, not ${port}${remedy}`);
}
