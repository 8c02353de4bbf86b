import {
  type EnsembleMembers,
  type EnsembleVersion,
  formatEnsemble,
  parseEnsemble,
} from '../../wire/ensemble-config.ts';
import { WireFault } from '../../wire/fault.ts';

/**
 * Who is in the ensemble, as zoo.cfg says, and the version that the other servers give that.
 *
 * Apache ZooKeeper (with `reconfigEnabled=true`) numbers the configuration of a file with the zxid of the first leader that was
 * established in it, keeps that number in a file of its own, and from then on follows no leader that knows an earlier one only. So
 * the number is taken over from whoever tells it, as long as the members are the same. A configuration with other members is
 * what a reconfiguration makes, and is never taken over.
 */
export class KnownConfiguration {
  #text: Buffer;
  #version: number;
  readonly #members: string;

  /** `text` is what `formatEnsemble` makes of the configuration file. */
  constructor(text: Buffer) {
    const ensemble = parseEnsemble(text.toString('utf8'));
    this.#text = text;
    this.#version = ensemble.version;
    this.#members = membersOf(ensemble);
  }

  /** As NEWLEADER and notifications carry it. */
  get text(): Buffer {
    return this.#text;
  }

  get version(): number {
    return this.#version;
  }

  /** Takes over a later version of the same members. False where the members are others, or the text is none of a configuration. */
  adopt(text: Buffer): boolean {
    const ensemble = parsed(text);
    if (ensemble === null || membersOf(ensemble) !== this.#members) return false;
    if (ensemble.version <= this.#version) return true;
    this.#version = ensemble.version;
    const own = parseEnsemble(this.#text.toString('utf8'));
    this.#text = Buffer.from(formatEnsemble({ ...own, version: ensemble.version }));
    return true;
  }
}

function parsed(text: Buffer): EnsembleVersion | null {
  try {
    return parseEnsemble(text.toString('utf8'));
  } catch (fault) {
    if (!(fault instanceof WireFault)) throw fault;
    return null;
  }
}

/** In one form, whatever the order. Where clients connect is left out: in Apache ZooKeeper each server knows that of itself only. */
function membersOf({ servers, groups, weights }: EnsembleMembers): string {
  const lines = [
    ...servers.map(({ id, role, addresses }) => ['server', id, role, addresses]),
    ...groups.map((group) => ['group', group.id, [...group.servers].sort()]),
    ...weights.filter(({ weight }) => weight !== 1).map(({ server, weight }) => ['weight', server, weight]),
  ];
  return lines
    .map((line) => JSON.stringify(line))
    .sort()
    .join('\n');
}
