import { Worker } from 'node:worker_threads';
import type { ClientPorts, Endpoint, Link, LinkEvents } from '../ports.ts';
import { nodePorts } from '../tcp.ts';
import type { SessionTimes } from '../timing.ts';
import type { FromWorker, ToWorker } from './messages.ts';

/** How much longer than the client's own interval between pings the worker waits: while the client runs, the worker is silent. */
const PATIENCE = 1.25;

/** The worker lies beside this module, compiled like it. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

/**
 * Ports whose connections live in a worker thread, which sends pings while this one is blocked, for at most `silenceMsMax`. The
 * thread is started with the first connection and keeps the process alive only while there is one; `close` ends it.
 */
export function heartbeatPorts(silenceMsMax: number): ClientPorts {
  const heartbeat = new HeartbeatWorker(silenceMsMax);
  return {
    ...nodePorts,
    open: (endpoint, events) => heartbeat.open(endpoint, events),
    close: () => heartbeat.close(),
  };
}

class HeartbeatWorker {
  readonly #silenceMsMax: number;
  readonly #links = new Map<number, LinkEvents>();
  #worker: Worker | null = null;
  #opened = 0;

  constructor(silenceMsMax: number) {
    this.#silenceMsMax = silenceMsMax;
  }

  open(endpoint: Endpoint, events: LinkEvents): Link {
    const link = this.#opened++;
    this.#links.set(link, events);
    this.#ask({ type: 'open', link, endpoint });
    this.#worker?.ref();
    return {
      write: (bytes) => {
        // A copy of its own, to be handed over without another: what is sent may be a piece of a larger buffer.
        const own = new Uint8Array(bytes);
        this.#worker?.postMessage({ type: 'write', link, bytes: own } satisfies ToWorker, [own.buffer]);
      },
      keepAlive: ({ pingAfterMs }: SessionTimes) => {
        const silenceMsMax = this.#silenceMsMax;
        this.#ask({ type: 'keepAlive', link, pingAfterMs: pingAfterMs * PATIENCE, silenceMsMax });
      },
      destroy: () => {
        if (!this.#links.has(link)) return;
        this.#ask({ type: 'destroy', link });
        this.#forget(link);
      },
    };
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    this.#links.clear();
    worker?.removeAllListeners();
    await worker?.terminate();
  }

  #ask(message: ToWorker): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(message);
  }

  #start(): Worker {
    // Flags of this process may be about its own entry (`--input-type`), of which the thread would end at once.
    const worker = new Worker(ENTRY, { name: 'zookit heartbeat', execArgv: [] });
    worker.on('message', (message: FromWorker) => this.#told(message));
    worker.on('error', (error) => this.#lost(worker, error));
    worker.on('exit', (code) =>
      this.#lost(worker, new Error(`the heartbeat's thread ended with code ${code}`)),
    );
    return worker;
  }

  #told(message: FromWorker): void {
    const events = this.#links.get(message.link);
    if (events === undefined) return;
    switch (message.type) {
      case 'open':
        events.open();
        break;
      case 'data': {
        const { buffer, byteOffset, byteLength } = message.bytes;
        events.data(Buffer.from(buffer, byteOffset, byteLength));
        break;
      }
      case 'alive': {
        // This clock first: the ping then counts as sent no later than it was.
        const nowMs = nodePorts.monotonicMs();
        events.alive?.(nowMs - Number(process.hrtime.bigint() - message.sentNs) / 1e6);
        break;
      }
      case 'closed':
        this.#forget(message.link);
        events.closed(message.error);
        break;
    }
  }

  /** The thread is gone, and every connection with it. The next one starts another. */
  #lost(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    const links = [...this.#links.values()];
    this.#links.clear();
    for (const events of links) events.closed(error);
  }

  #forget(link: number): void {
    this.#links.delete(link);
    if (this.#links.size === 0) this.#worker?.unref();
  }
}
