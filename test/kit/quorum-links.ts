import { connect, createServer, type Socket } from 'node:net';
import {
  connectToLeader,
  type LeaderConnection,
  type LeaderConnectionOptions,
} from '../../core/io/quorum-connection.ts';
import type { QuorumLink } from '../../core/io/quorum-link.ts';
import { QuorumListener, type QuorumListenerOptions } from '../../core/io/quorum-listener.ts';
import { type Logger, silentLogger } from '../../core/ports.ts';
import type { Scheduler } from '../../core/timers.ts';
import type { HostAddress } from '../../wire/host-port.ts';
import { type InlineReader, type QuorumPacket, QuorumPacketType } from '../../wire/quorum.ts';
import { Changes } from './changes.ts';
import { TEST_DATA_BYTES_MAX } from './quorum-stream.ts';

export const realScheduler: Scheduler = {
  endOfTurn: (callback) => void setImmediate(callback),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The longest pause between two tries of anything. */
const PAUSE_MS_MAX = 1000;

/** A scheduler in which whoever pauses between two tries goes on at once; limits are as long as they are. */
export const hastyScheduler: Scheduler = {
  endOfTurn: realScheduler.endOfTurn,
  after: (delayMs, callback) => realScheduler.after(delayMs <= PAUSE_MS_MAX ? 0 : delayMs, callback),
};

/** A packet that can be told from others by its zxid. */
export function numbered(zxid: number, data: Buffer | null = null): QuorumPacket {
  return { type: QuorumPacketType.PROPOSAL, zxid, data, authinfo: null };
}

/** Lets as many turns of the event loop pass. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The two ends of a new connection over loopback; the second one is not read until it is resumed. */
export async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer({ pauseOnConnect: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const near = connect({ host: '127.0.0.1', port: address.port });
  await new Promise<void>((resolve) => near.once('connect', resolve));
  const far = await accepted;
  far.on('error', () => {});
  server.close();
  return [near, far];
}

/** Keeps what is logged and lets tests wait for it. */
export class HeardLogger implements Logger {
  readonly lines: string[] = [];
  readonly #changes = new Changes();

  debug = (message: string): void => this.#hear(message);
  info = (message: string): void => this.#hear(message);
  warn = (message: string): void => this.#hear(message);
  error = (message: string): void => this.#hear(message);

  until(pattern: RegExp): Promise<void> {
    return this.#changes.until(`${pattern} is logged`, () => this.lines.some((line) => pattern.test(line)));
  }

  #hear(message: string): void {
    this.lines.push(message);
    this.#changes.tell();
  }
}

/** A connection as the leader's end knows it. */
export class TestLearner {
  readonly link: QuorumLink;
  readonly packets: QuorumPacket[] = [];
  reason: string | null = null;

  constructor(link: QuorumLink) {
    this.link = link;
  }
}

/** A leader's port on loopback that writes down what it tells. */
export class TestListener implements AsyncDisposable {
  readonly learners: TestLearner[] = [];
  readonly listener: QuorumListener<TestLearner>;
  readonly #changes = new Changes();
  #bound: HostAddress | null = null;
  /** Answers a packet. */
  answer: (learner: TestLearner, packet: QuorumPacket) => void = () => {};

  constructor(
    options: Partial<QuorumListenerOptions> = {},
    logger: Logger = silentLogger,
    scheduler: Scheduler = realScheduler,
  ) {
    this.listener = new QuorumListener<TestLearner>(
      {
        serverId: 1,
        addresses: [{ host: '127.0.0.1', port: 0 }],
        listenOnAllIPs: false,
        bindRetry: 1,
        dataBytesMax: TEST_DATA_BYTES_MAX,
        ...options,
      },
      {
        connected: (link) => {
          const learner = new TestLearner(link);
          this.learners.push(learner);
          this.#changes.tell();
          return learner;
        },
        packet: (learner, packet) => {
          learner.packets.push(packet);
          this.answer(learner, packet);
          this.#changes.tell();
        },
        disconnected: (learner, reason) => {
          if (learner.reason !== null) throw new Error(`disconnected twice: ${learner.reason}, ${reason}`);
          learner.reason = reason;
          this.#changes.tell();
        },
      },
      { scheduler, logger },
    );
  }

  static async start(options: Partial<QuorumListenerOptions> = {}): Promise<TestListener> {
    const listener = new TestListener(options);
    await listener.listen();
    return listener;
  }

  async listen(): Promise<void> {
    this.#bound = (await this.listener.listen())[0]!;
  }

  get address(): HostAddress {
    return { host: '127.0.0.1', port: this.#bound!.port };
  }

  async learner(at: number): Promise<TestLearner> {
    await this.until(`learner ${at}`, () => this.learners.length > at);
    return this.learners[at]!;
  }

  until(what: string, condition: () => boolean): Promise<void> {
    return this.#changes.until(what, condition);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.listener.close();
  }
}

/** A learner's end that writes down what it is told. */
export class TestConnection implements Disposable {
  readonly packets: QuorumPacket[] = [];
  readonly connection: LeaderConnection;
  isConnected = false;
  reason: string | null = null;
  /** Says something from within `connected`. */
  greeting: QuorumPacket | null = null;
  /** Takes over after a packet. */
  inline: (packet: QuorumPacket) => InlineReader | null = () => null;
  readonly #changes = new Changes();

  constructor(
    addresses: readonly HostAddress[],
    options: Partial<LeaderConnectionOptions> = {},
    logger: Logger = silentLogger,
    scheduler: Scheduler = realScheduler,
  ) {
    this.connection = connectToLeader(
      addresses,
      { connectLimitMs: 20_000, refusedLimitMs: 10_000, dataBytesMax: TEST_DATA_BYTES_MAX, ...options },
      {
        connected: () => {
          if (this.isConnected) throw new Error('connected twice');
          this.isConnected = true;
          if (this.greeting !== null) this.connection.send(this.greeting);
          this.#changes.tell();
        },
        packet: (packet) => {
          this.packets.push(packet);
          this.#changes.tell();
          return this.inline(packet);
        },
        disconnected: (reason) => {
          if (this.reason !== null) throw new Error(`disconnected twice: ${this.reason}, ${reason}`);
          this.reason = reason;
          this.#changes.tell();
        },
      },
      { scheduler, logger },
    );
  }

  until(what: string, condition: () => boolean): Promise<void> {
    return this.#changes.until(what, condition);
  }

  [Symbol.dispose](): void {
    this.connection.close();
  }
}
