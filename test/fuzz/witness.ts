import { OPEN_ACL } from '../../wire/data.ts';
import { EventType } from '../../wire/events.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { RawClient } from '../kit/raw-client.ts';

const acl = [...OPEN_ACL];

/** A well-behaved client: whatever others do, each of its operations must succeed with the result it expects. */
export class Witness implements AsyncDisposable {
  readonly #client: RawClient;
  #rounds = 0;

  private constructor(client: RawClient) {
    this.#client = client;
  }

  static async start(port: number): Promise<Witness> {
    const client = await RawClient.connect({ port, timeoutMs: 30_000 });
    await client.call(OpCode.create, { path: '/witness', data: null, acl, flags: 0 });
    return new Witness(client);
  }

  /** Creates, watches, reads, changes, lists and deletes a node; throws when anything is not as it must be. */
  async round(): Promise<void> {
    const client = this.#client;
    const value = Buffer.from(`round ${this.#rounds++}`);
    const { path } = await client.call(OpCode.create, { path: '/witness/n-', data: null, acl, flags: 3 });
    await client.call(OpCode.getData, { path, watch: true });
    await client.call(OpCode.setData, { path, data: value, version: 0 });
    const { data, stat } = await client.call(OpCode.getData, { path, watch: false });
    const { children } = await client.call(OpCode.getChildren, { path: '/witness', watch: false });
    await client.call(OpCode.delete, { path, version: 1 });
    const events = client.takeIncoming().filter((item) => item.kind === 'event');
    const asExpected =
      value.equals(Buffer.from(data ?? [])) &&
      stat.version === 1 &&
      children?.length === 1 &&
      events.length === 1 &&
      events[0]?.type === EventType.NodeDataChanged &&
      events[0].path === path;
    if (!asExpected)
      throw new Error(
        `round ${this.#rounds}: ${JSON.stringify({ data, version: stat.version, children, events })}`,
      );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.drop();
  }
}
