import { OPEN_ACL } from '../../wire/data.ts';
import type { MultiOp } from '../../wire/multi.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { HungUp, RawClient } from '../kit/raw-client.ts';

const acl = [...OPEN_ACL];
const bytes = (value: number): Buffer => Buffer.from(String(value));

/** What one writer asked for and what was acknowledged; what a server must show after any crash follows from it. */
export class Writer {
  readonly id: number;
  /** Highest value sent and highest acknowledged of the counter, each value by one setData. */
  sent = 0;
  acknowledged = 0;
  /** The same of the pair of nodes that one multi sets. */
  pairSent = 0;
  pairAcknowledged = 0;
  /** Names of sequential nodes whose creation was acknowledged, and how many were asked for. */
  readonly made: string[] = [];
  asked = 0;

  constructor(id: number) {
    this.id = id;
  }

  get #root(): string {
    return `/w${this.id}`;
  }

  async prepare(client: RawClient): Promise<void> {
    for (const path of [this.#root, `${this.#root}/a`, `${this.#root}/b`, `${this.#root}/made`]) {
      await client.call(OpCode.create, { path, data: bytes(0), acl, flags: 0 });
    }
  }

  /** Writes, several requests under way at any time, until the server is gone. */
  async write(port: number): Promise<void> {
    let client: RawClient;
    try {
      client = await RawClient.connect({ port });
    } catch {
      return; // killed before it could answer the handshake: nothing was asked
    }
    const lanes = [1, 2].flatMap(() => [this.#count(client), this.#pair(client), this.#make(client)]);
    await Promise.all(lanes);
  }

  /** Asks again and again until the server is gone. */
  async #untilGone<T>(ask: () => Promise<T>, learn: (answer: T) => void): Promise<void> {
    for (;;) {
      let answer: T;
      try {
        answer = await ask();
      } catch (error) {
        if (error instanceof HungUp) return;
        throw error;
      }
      learn(answer);
    }
  }

  // Requests of one connection are carried out in order, so that the value set last is also the number of values set.

  #count(client: RawClient): Promise<void> {
    let value = 0;
    return this.#untilGone(
      () => {
        value = ++this.sent;
        return client.call(OpCode.setData, { path: this.#root, data: bytes(value), version: -1 });
      },
      () => {
        this.acknowledged = Math.max(this.acknowledged, value);
      },
    );
  }

  #pair(client: RawClient): Promise<void> {
    let value = 0;
    return this.#untilGone(
      () => {
        value = ++this.pairSent;
        const set = (name: string): MultiOp => ({
          type: OpCode.setData,
          body: { path: `${this.#root}/${name}`, data: bytes(value), version: -1 },
        });
        return client.multi([set('a'), set('b')]);
      },
      (results) => {
        this.#expect(
          results.every(({ type }) => type === OpCode.setData),
          'a multi was refused',
        );
        this.pairAcknowledged = Math.max(this.pairAcknowledged, value);
      },
    );
  }

  #make(client: RawClient): Promise<void> {
    return this.#untilGone(
      () => {
        this.asked++;
        return client.call(OpCode.create, { path: `${this.#root}/made/n-`, data: null, acl, flags: 2 });
      },
      ({ path }) => this.made.push(path.slice(`${this.#root}/made/`.length)),
    );
  }

  /**
   * Compares what the server shows with what was acknowledged. What was asked for but not acknowledged may be there or not,
   * but only as a whole; it counts as acknowledged from now on, since it has been seen.
   */
  async check(client: RawClient): Promise<void> {
    const counter = await this.#value(client, this.#root);
    this.#expect(counter >= this.acknowledged, `counter ${counter} lost ${this.acknowledged}`);
    this.#expect(counter <= this.sent, `counter ${counter} was never sent, only ${this.sent}`);
    this.sent = this.acknowledged = counter;
    const a = await this.#value(client, `${this.#root}/a`);
    const b = await this.#value(client, `${this.#root}/b`);
    this.#expect(a === b, `half a multi: a is ${a}, b is ${b}`);
    this.#expect(a >= this.pairAcknowledged, `pair ${a} lost ${this.pairAcknowledged}`);
    this.#expect(a <= this.pairSent, `pair ${a} was never sent`);
    this.pairSent = this.pairAcknowledged = a;
    const { children } = await client.call(OpCode.getChildren, { path: `${this.#root}/made`, watch: false });
    const there = new Set(children);
    const lost = this.made.filter((name) => !there.has(name));
    this.#expect(lost.length === 0, `acknowledged nodes lost: ${lost.join(' ')}`);
    this.#expect(there.size <= this.asked, `${there.size} nodes, only ${this.asked} were asked for`);
    this.asked = there.size;
    this.made.splice(0, this.made.length, ...there);
  }

  /** The number in a node, which must also be its version: each value was set once, by its own transaction. */
  async #value(client: RawClient, path: string): Promise<number> {
    const { data, stat } = await client.call(OpCode.getData, { path, watch: false });
    const value = Number(Buffer.from(data ?? []).toString('utf8'));
    this.#expect(stat.version === value, `${path} holds ${value} at version ${stat.version}`);
    return stat.version;
  }

  #expect(condition: boolean, message: string): void {
    if (!condition) throw new Error(`writer ${this.id}: ${message}`);
  }
}
