import type { ClientPorts, Stat } from '../../client/index.ts';

/**
 * For how long what was written is taken for what is there. A write that finds another version costs a round trip; one that finds
 * the same version of another node of that name (deleted, made again and written as often) would not be noticed, so it is short.
 */
const RECENT_MS = 100;

/** What this object wrote last, for as long as it is likely to be there still. */
export class Written {
  readonly #ports: Pick<ClientPorts, 'monotonicMs'>;
  #last: { readonly data: Buffer; readonly stat: Stat; readonly untilMs: number } | null = null;

  constructor(ports: Pick<ClientPorts, 'monotonicMs'>) {
    this.#ports = ports;
  }

  is(data: Buffer, stat: Stat): void {
    this.#last = { data, stat, untilMs: this.#ports.monotonicMs() + RECENT_MS };
  }

  forget(): void {
    this.#last = null;
  }

  recent(): { readonly data: Buffer; readonly stat: Stat } | null {
    return this.#last !== null && this.#ports.monotonicMs() < this.#last.untilMs ? this.#last : null;
  }
}
