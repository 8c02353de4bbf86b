import type { ClientPorts } from '../../client/index.ts';
import { nodePorts } from '../../client/tcp.ts';
import { FrameReader } from '../../wire/frame.ts';

/**
 * Ports on Node's network that count what passes through them, one step at a time: a link opened, a write, each frame that
 * arrives (handed on alone, in a turn's own order), a link closed. `onStep` is called before what comes
 * in has its effect and right after what goes out, so that a test can do something at every single moment there is.
 */
export class CountedSteps {
  steps = 0;
  onStep: (step: number) => void = () => {};
  readonly #live = new Set<() => void>();
  readonly ports: ClientPorts = {
    ...nodePorts,
    open: (endpoint, events) => {
      const frames = new FrameReader();
      let live = true;
      this.#stepSoon();
      const link = nodePorts.open(endpoint, {
        open: () => {
          this.#step();
          if (live) events.open();
        },
        data: (chunk) => {
          frames.push(chunk, (bytes, start, end) => {
            this.#step();
            if (live) events.data(Buffer.from(bytes.subarray(start - 4, end)));
          });
        },
        closed: (error) => {
          this.#step();
          this.#live.delete(cut);
          if (live) events.closed(error);
        },
      });
      const cut = (): void => {
        live = false;
        this.#live.delete(cut);
        link.destroy();
        events.closed(new Error('the connection was cut'));
      };
      this.#live.add(cut);
      return {
        write: (bytes) => {
          this.#stepSoon();
          if (live) link.write(bytes);
        },
        destroy: () => {
          live = false;
          this.#live.delete(cut);
          link.destroy();
        },
      };
    },
  };

  /** Breaks every connection once. */
  cut(): void {
    for (const each of [...this.#live]) each();
  }

  /** For what the client does itself: nothing comes from within these calls. */
  #stepSoon(): void {
    queueMicrotask(() => this.#step());
  }

  #step(): void {
    this.onStep(this.steps++);
  }
}
