import type { ClientPorts, Endpoint, Link, LinkEvents } from '../../client/index.ts';
import { nodePorts } from '../../client/tcp.ts';

/** Ports on Node's network with a cable that a test can pull. */
export class Cuttable {
  #cut = false;
  #live = new Set<() => void>();
  readonly ports: ClientPorts = { ...nodePorts, open: (endpoint, events) => this.#open(endpoint, events) };

  /** Breaks every connection and lets none come about until `mend`. The servers notice that connections have closed. */
  cut(): void {
    this.#cut = true;
    this.drop();
  }

  mend(): void {
    this.#cut = false;
  }

  /** Breaks every connection once. */
  drop(): void {
    for (const lose of [...this.#live]) lose();
  }

  #open(endpoint: Endpoint, events: LinkEvents): Link {
    if (this.#cut) {
      let wanted = true;
      nodePorts.endOfTurn(() => wanted && events.closed(new Error('the cable is pulled')));
      return {
        write: () => {},
        destroy: () => {
          wanted = false;
        },
      };
    }
    const link = nodePorts.open(endpoint, {
      ...events,
      closed: (error) => {
        this.#live.delete(lose);
        events.closed(error);
      },
    });
    const lose = (): void => {
      this.#live.delete(lose);
      link.destroy();
      events.closed(new Error('the cable was pulled'));
    };
    this.#live.add(lose);
    return {
      write: (bytes) => link.write(bytes),
      destroy: () => {
        this.#live.delete(lose);
        link.destroy();
      },
    };
  }
}
