import { defaultConfig, noEnsemble, type ServerConfig } from './config.ts';
import { nearest } from './nearest.ts';
import { ignoredKeys, ignoredNote } from './zoo-cfg/ignored.ts';
import { type Draft, keys } from './zoo-cfg/keys.ts';
import { applyMember, isMemberKey } from './zoo-cfg/members.ts';
import { PropertiesFault, type Property, parseProperties } from './zoo-cfg/properties.ts';
import { BadValue, INT_MAX, integer } from './zoo-cfg/values.ts';

/** A configuration that cannot be used. The message has one line for each thing wrong, with file, line, key and remedy. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** The text of a file, null if there is none. Paths come as the configuration spells them. */
export type ReadFile = (path: string) => string | null;

export interface ParsedConfig {
  readonly config: ServerConfig;
  /** Lines for the operator: unknown keys, keys without effect, values that were adjusted. */
  readonly warnings: readonly string[];
}

/**
 * Reads a zoo.cfg. Keys are ZooKeeper's, and its Java system properties with or without the prefix `zookeeper.`. A key that is
 * not known is warned about; a value that is not valid, and whatever contradicts itself, is an error.
 *
 * Paths stay as they are written: a relative one is the caller's to resolve. `readFile` gives access to what the file refers
 * to (`dynamicConfigFile`, and `myid` in dataDir); without it both are taken as absent. Throws `ConfigError`.
 */
export function parseZooCfg(text: string, fileName: string, readFile: ReadFile = () => null): ParsedConfig {
  const reading = new Reading(fileName);
  const properties = reading.load(text, fileName);
  reading.begin(properties);
  for (const property of properties) reading.take(property);
  reading.loadDynamic(readFile);
  return reading.finish(properties, readFile);
}

const SECRET = /digest$|password/i;

class Reading {
  readonly #fileName: string;
  readonly #draft: Draft = {
    ...defaultConfig,
    dataDir: null,
    dataLogDir: null,
    clientPort: null,
    minSessionTimeoutMs: -1,
    maxSessionTimeoutMs: -1,
    ensemble: { ...noEnsemble },
  };
  readonly #problems: string[] = [];
  readonly #warnings: string[] = [];
  /** The last line of each key, for errors that concern two of them. */
  readonly #seen = new Map<string, Property>();
  #membersElsewhere = false;

  constructor(fileName: string) {
    this.#fileName = fileName;
  }

  load(text: string, fileName: string): Property[] {
    try {
      return parseProperties(text);
    } catch (error) {
      if (!(error instanceof PropertiesFault)) throw error;
      throw new ConfigError([
        `${fileName}:${error.line}: ${error.message}, expected Java's properties format`,
      ]);
    }
  }

  begin(properties: readonly Property[]): void {
    this.#membersElsewhere = properties.some(({ key }) => key === 'dynamicConfigFile');
  }

  take(property: Property): void {
    const key = property.key.replace(/^zookeeper\./, '');
    const earlier = this.#seen.get(key);
    if (earlier !== undefined) {
      this.#warn(property, `given again, the value of line ${earlier.line} is not used`);
    }
    this.#seen.set(key, property);
    if (key === 'dynamicConfigFile') return;
    try {
      this.#apply(key, property);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      this.#refuse(property, error);
    }
  }

  #apply(key: string, property: Property): void {
    if (isMemberKey(key) && !ignoredKeys.has(key)) {
      if (this.#membersElsewhere) {
        throw new BadValue(
          'members belong into the file that dynamicConfigFile names',
          'the line in that file',
        );
      }
      applyMember(this.#draft.ensemble, key, property.value);
      return;
    }
    const apply = keys.get(key);
    if (apply !== undefined) {
      const note = apply(this.#draft, property.value);
      if (note !== null) this.#warn(property, note);
      return;
    }
    const ignored = ignoredNote(key);
    if (ignored !== null) {
      this.#warn(property, `accepted without effect: ${ignored}`);
      return;
    }
    const near = nearest(key, [...keys.keys(), ...ignoredKeys.keys()]);
    this.#warn(property, `unknown key, not used${near === null ? '' : `; did you mean ${near}?`}`);
  }

  /** Members of the ensemble from the file that `dynamicConfigFile` names. */
  loadDynamic(readFile: ReadFile): void {
    const reference = this.#seen.get('dynamicConfigFile');
    if (reference === undefined) return;
    const text = readFile(reference.value);
    if (text === null) {
      this.#refuse(reference, new BadValue('no such file', 'a file with the server.N lines'));
      return;
    }
    for (const property of this.load(text, reference.value)) {
      if (property.key === 'version') continue;
      try {
        if (!isMemberKey(property.key)) {
          throw new BadValue('not a key of a dynamic file', 'server.N, group.N, weight.N or version');
        }
        applyMember(this.#draft.ensemble, property.key, property.value);
      } catch (error) {
        if (!(error instanceof BadValue)) throw error;
        this.#refuse(property, error, reference.value);
      }
    }
  }

  finish(properties: readonly Property[], readFile: ReadFile): ParsedConfig {
    const { dataDir, ...draft } = this.#draft;
    if (dataDir === null && !this.#seen.has('dataDir')) {
      this.#problems.push(`${this.#fileName}: dataDir is missing, expected dataDir=/path/to/a/directory`);
    }
    const serverId = this.#serverId(dataDir, readFile);
    this.#adoptClientAddress(serverId);
    if (this.#draft.clientPort === null && !this.#seen.has('clientPort')) {
      this.#problems.push(`${this.#fileName}: clientPort is missing, expected clientPort=2181`);
    }
    const timeouts = this.#sessionTimeouts();
    this.#checkEnsemble(serverId);
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
    return {
      config: {
        ...draft,
        ...timeouts,
        clientPort: this.#draft.clientPort!,
        clientPortAddress: this.#draft.clientPortAddress,
        dataDir: dataDir!,
        dataLogDir: draft.dataLogDir ?? dataDir!,
        fourLetterWordWhitelist: this.#whitelist(),
        serverId: serverId ?? defaultConfig.serverId,
        initialConfig: initialConfig(properties),
      },
      warnings: this.#warnings,
    };
  }

  #serverId(dataDir: string | null, readFile: ReadFile): number | null {
    if (dataDir === null) return null;
    const file = `${dataDir}/myid`;
    const text = readFile(file);
    if (text === null) return null;
    try {
      return integer(0, INT_MAX)((text.split(/\r?\n/)[0] ?? '').trim());
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      this.#problems.push(`${file}:1: ${error.message}, expected the number of this server as in server.N`);
      return null;
    }
  }

  /** A server's own line may say where clients connect; it must not contradict `clientPort`. */
  #adoptClientAddress(serverId: number | null): void {
    const own = this.#draft.ensemble.servers.find(({ id }) => id === serverId);
    const address = own?.clientAddress ?? null;
    if (own === undefined || address === null) return;
    const { clientPort } = this.#draft;
    if (clientPort !== null && clientPort !== address.port) {
      this.#problems.push(
        `${this.#fileName}: clientPort=${clientPort} and server.${own.id} with client port ${address.port} contradict each other, expected one of them`,
      );
    }
    this.#draft.clientPort = address.port;
    if (address.host !== null && address.host !== '0.0.0.0') this.#draft.clientPortAddress = address.host;
  }

  #sessionTimeouts(): Pick<ServerConfig, 'minSessionTimeoutMs' | 'maxSessionTimeoutMs'> {
    const { tickTimeMs, minSessionTimeoutMs: min, maxSessionTimeoutMs: max } = this.#draft;
    const minSessionTimeoutMs = min === -1 ? Math.min(tickTimeMs * 2, INT_MAX) : min;
    const maxSessionTimeoutMs = max === -1 ? Math.min(tickTimeMs * 20, INT_MAX) : max;
    if (minSessionTimeoutMs > maxSessionTimeoutMs) {
      const blame = this.#seen.get('maxSessionTimeout') ?? this.#seen.get('minSessionTimeout');
      const where = blame === undefined ? this.#fileName : `${this.#fileName}:${blame.line}: ${shown(blame)}`;
      this.#problems.push(
        `${where}: minSessionTimeout is ${minSessionTimeoutMs} ms and maxSessionTimeout ${maxSessionTimeoutMs} ms, expected a minimum that is not above the maximum (2 and 20 times tickTime unless given)`,
      );
    }
    return { minSessionTimeoutMs, maxSessionTimeoutMs };
  }

  #checkEnsemble(serverId: number | null): void {
    const { servers } = this.#draft.ensemble;
    const voters = servers.filter(({ role }) => role === 'participant').length;
    if (servers.length > 0 && voters === 0) {
      this.#problems.push(`${this.#fileName}: only observers are named, expected at least one participant`);
    }
    if (voters === 1 && servers.length > 1) {
      this.#problems.push(
        `${this.#fileName}: observers of a single voter, expected at least two participants`,
      );
    }
    if (voters < 2) return;
    this.#checkMembership(serverId);
    for (const key of ['initLimit', 'syncLimit']) {
      if (!this.#seen.has(key)) {
        this.#problems.push(
          `${this.#fileName}: ${key} is missing, expected ${key}=10 or another number of ticks`,
        );
      }
    }
  }

  /** A member has to know which one it is. A `myid` that cannot be read has its own problem. */
  #checkMembership(serverId: number | null): void {
    const { dataDir, ensemble } = this.#draft;
    if (dataDir === null) return;
    const peerType = this.#seen.get('peerType');
    const own = ensemble.servers.find(({ id }) => id === serverId);
    if (peerType !== undefined && own !== undefined && own.role !== ensemble.peerType) {
      this.#warn(peerType, `server.${own.id} is a ${own.role} by its line; that is used`);
    }
    if (serverId === null) {
      if (this.#problems.some((problem) => problem.startsWith(`${dataDir}/myid:`))) return;
      this.#problems.push(
        `${dataDir}/myid: no such file, expected one with the number of this server as in server.N`,
      );
    } else if (own === undefined) {
      this.#problems.push(
        `${dataDir}/myid: ${serverId}, expected a number that has a line: ${ensemble.servers.map(({ id }) => `server.${id}`).join(', ')}`,
      );
    }
  }

  /** ZooKeeper adds `isro` for its own clients where read-only mode is on. */
  #whitelist(): readonly string[] {
    const { fourLetterWordWhitelist: words, ensemble } = this.#draft;
    const all = ['srvr', ...(ensemble.readOnlyModeEnabled ? ['isro'] : []), ...words];
    return [...new Set(all)];
  }

  #warn(property: Property, note: string): void {
    this.#warnings.push(`${this.#fileName}:${property.line}: ${shown(property)}: ${note}`);
  }

  #refuse(property: Property, { message, expected }: BadValue, fileName = this.#fileName): void {
    this.#problems.push(`${fileName}:${property.line}: ${shown(property)}: ${message}, expected ${expected}`);
  }
}

function shown({ key, value }: Property): string {
  return `${key}=${SECRET.test(key) ? '***' : value}`;
}

function initialConfig(properties: readonly Property[]): string {
  return properties
    .filter(({ key }) => !SECRET.test(key))
    .map(({ key, value }) => `${key}=${value}\n`)
    .join('');
}
