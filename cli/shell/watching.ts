import type { WatchEvent, WatchListener } from '../../client/watches.ts';
import { formatEvent } from './format.ts';

/** The one-shot watches that commands have set and that have not fired. */
export class Watching {
  readonly #print: (line: string) => void;
  #armed = 0;
  #waiters: (() => void)[] = [];

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  get armed(): number {
    return this.#armed;
  }

  /** A listener that prints the event it is called with. */
  listener(): WatchListener {
    this.#armed++;
    let fired = false;
    return (event) => {
      if (fired) return;
      fired = true;
      this.#armed--;
      formatEvent(eventName(event), event.path).forEach(this.#print);
      for (const wake of this.#waiters.splice(0)) wake();
    };
  }

  /** Resolves at the next event, or when `signal` aborts. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}

const names: Partial<Record<WatchEvent['type'], string>> = {
  created: 'NodeCreated',
  deleted: 'NodeDeleted',
  dataChanged: 'NodeDataChanged',
  childrenChanged: 'NodeChildrenChanged',
};

function eventName({ type, reason }: WatchEvent): string {
  return names[type] ?? (reason === undefined ? type : `${type} (${reason})`);
}
