import { parentPort } from 'node:worker_threads';
import { ByteWriter } from '../../wire/bytes.ts';
import { ReservedXid } from '../../wire/ids.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { Empty } from '../../wire/requests.ts';
import { writeFrame } from '../frames.ts';
import type { Link } from '../ports.ts';
import { nodePorts } from '../tcp.ts';
import type { FromWorker, KeepAlive, ToWorker } from './messages.ts';
import { PingRelay } from './relay.ts';

// The entry of a worker thread: it holds the connections of one client and keeps those alive whose owner is silent.

const PING = (() => {
  const writer = new ByteWriter();
  writeFrame(writer, ReservedXid.ping, OpCode.ping, Empty, null);
  return writer.finish();
})();

function tell(message: FromWorker): void {
  if (message.type !== 'data') parentPort!.postMessage(message);
  else parentPort!.postMessage(message, [message.bytes.buffer as ArrayBuffer]);
}

/** One connection. */
class Relayed {
  readonly #number: number;
  readonly #link: Link;
  readonly #relay = new PingRelay();
  #keepAlive: KeepAlive | null = null;
  #ownerMs = nodePorts.monotonicMs();
  #cancel: () => void = () => {};

  constructor({ link, endpoint }: ToWorker & { type: 'open' }) {
    this.#number = link;
    this.#link = nodePorts.open(endpoint, {
      open: () => tell({ type: 'open', link }),
      data: (chunk) => this.#received(chunk),
      closed: (error) => {
        this.end();
        tell({ type: 'closed', link, error });
      },
    });
  }

  write(bytes: Uint8Array): void {
    this.#ownerMs = nodePorts.monotonicMs();
    this.#relay.written(bytes);
    this.#link.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  keepAlive(keepAlive: KeepAlive): void {
    this.#keepAlive = keepAlive;
    this.#wait(keepAlive.pingAfterMs);
  }

  end(): void {
    this.#cancel();
    links.delete(this.#number);
    this.#link.destroy();
  }

  #received(chunk: Buffer): void {
    const link = this.#number;
    for (const passed of this.#relay.received(chunk, (sentNs) => tell({ type: 'alive', link, sentNs }))) {
      tell({ type: 'data', link, bytes: new Uint8Array(passed) });
    }
  }

  #wait(delayMs: number): void {
    this.#cancel();
    this.#cancel = nodePorts.after(delayMs, () => this.#look());
  }

  #look(): void {
    const { pingAfterMs, silenceMsMax } = this.#keepAlive!;
    const silentMs = nodePorts.monotonicMs() - this.#ownerMs;
    if (silentMs < pingAfterMs) {
      this.#wait(pingAfterMs - silentMs);
      return;
    }
    if (silentMs < silenceMsMax && this.#relay.pingable) {
      // The time first: the server counts from no earlier than when the ping left.
      this.#relay.pinged(process.hrtime.bigint());
      this.#link.write(PING);
    }
    this.#wait(pingAfterMs);
  }
}

const links = new Map<number, Relayed>();

parentPort!.on('message', (message: ToWorker) => {
  if (message.type === 'open') {
    links.set(message.link, new Relayed(message));
    return;
  }
  const relayed = links.get(message.link);
  if (message.type === 'write') relayed?.write(message.bytes);
  else if (message.type === 'keepAlive') relayed?.keepAlive(message);
  else relayed?.end();
});
