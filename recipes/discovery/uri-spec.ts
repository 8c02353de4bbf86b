/** What a uriSpec can be filled from, apart from variables given to `build`. */
export interface UriSubject {
  readonly name: string;
  readonly id: string;
  readonly address: string | null;
  readonly port: number | null;
  readonly sslPort: number | null;
  readonly registrationTimeUTC: number;
  readonly serviceType: string;
}

/** A piece of a uriSpec: literal text, or the name of what is put in its place. */
export interface UriPart {
  readonly value: string;
  readonly variable: boolean;
}

/**
 * How an instance is addressed, with places to fill: `{scheme}://{address}:{port}/api`. The names are Curator's: `scheme` (`https`
 * where there is a `sslPort`), `name`, `id`, `address`, `port`, `ssl-port`, `registration-time-utc`, `service-type`, `[` and `]` for
 * braces, and whatever is given to `build`.
 */
export class UriSpec {
  readonly parts: readonly UriPart[];

  constructor(parts: readonly UriPart[]) {
    this.parts = parts;
  }

  /** Throws `TypeError` if braces do not pair. */
  static parse(text: string): UriSpec {
    const parts: UriPart[] = [];
    let variable = false;
    for (const token of text.split(/([{}])/)) {
      if (token === '{' || token === '}') {
        if ((token === '{') === variable) throw new TypeError(`uriSpec ${text}: a ${token} too many`);
        variable = token === '{';
      } else if (token !== '') parts.push({ value: variable ? token.trim() : token, variable });
    }
    if (variable) throw new TypeError(`uriSpec ${text}: a brace is not closed`);
    return new UriSpec(parts);
  }

  /** The text with everything filled in; what nobody knows is left empty. `variables` go before what the instance has. */
  build(instance: UriSubject, variables: Readonly<Record<string, string | number>> = {}): string {
    const known = new Map<string, string | number | null>([
      ['[', '{'],
      [']', '}'],
      ['scheme', instance.sslPort === null ? 'http' : 'https'],
      ['name', instance.name],
      ['id', instance.id],
      ['address', instance.address],
      ['port', instance.port],
      ['ssl-port', instance.sslPort],
      ['registration-time-utc', instance.registrationTimeUTC],
      ['service-type', instance.serviceType.toLowerCase()],
      ...Object.entries(variables),
    ]);
    return this.parts
      .map(({ value, variable }) => (variable ? String(known.get(value) ?? '') : value))
      .join('');
  }

  /** The text that `parse` makes the same of. */
  toString(): string {
    return this.parts.map(({ value, variable }) => (variable ? `{${value}}` : value)).join('');
  }
}
