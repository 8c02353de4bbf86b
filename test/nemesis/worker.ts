import { setTimeout as sleep } from 'node:timers/promises';
import {
  ConnectError,
  connect,
  type Stat,
  type TransactionCreated,
  UnansweredError,
  type ZooKeeperClient,
  ZooKeeperError,
} from '../../client/index.ts';
import type { SessionId } from '../../wire/ids.ts';
import type { Action, Operation, Outcome, Recorder, Seen, Write } from '../history/history.ts';
import type { Rng } from '../kit/seed.ts';
import { draw } from './draw.ts';
import { Tap } from './tap.ts';

/** Pauses between batches, so that a history stays of a size that can be checked. */
const REST_MS_MAX = 15;
const SESSION_TIMEOUTS_MS = [1500, 4000];

/** Stands for the zxid of the reply, where its body does not say it: a create in a multi is answered with its path alone. */
const OWN = -1;

/** What came of one request, as the client tells it. */
type Answer = { readonly nodes: readonly (Seen | null)[]; readonly children?: readonly string[] } | Error;

/**
 * One client, a session at a time: sends batches of a few operations, and writes down what it asked and was told. Its sessions move when
 * their server fails, and from time to time for no reason; some are closed, some expire.
 */
export class Worker {
  readonly #name: string;
  readonly #root: string;
  readonly #connectString: string;
  readonly #history: Recorder;
  readonly #rng: Rng;
  #tap = new Tap();
  #client: ZooKeeperClient | null = null;
  #session: SessionId = 0n;
  #written = 0;
  #isStopping = false;
  /** The newest version that this client knows of each node, for writes on condition. */
  readonly #versions = new Map<string, number>();
  /** Its mistakes, as opposed to the servers'. */
  failure: Error | null = null;

  constructor(name: string, root: string, connectString: string, history: Recorder, rng: Rng) {
    this.#name = name;
    this.#root = root;
    this.#connectString = connectString;
    this.#history = history;
    this.#rng = rng;
  }

  /** Works until `stop`. */
  async run(): Promise<void> {
    try {
      while (!this.#isStopping) await this.#step();
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Lets the batch under way come to its end; the session stays open, for a last look at its ephemeral nodes. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Has the session prove that it is alive, or learns that it has ended. */
  async prove(): Promise<void> {
    await this.#client?.exists(this.#root).catch(() => {});
  }

  async close(): Promise<void> {
    await this.#client?.close();
    this.#client = null;
  }

  async #step(): Promise<void> {
    if (this.#client === null) return this.#open();
    if (this.#rng.chance(1)) return this.#end();
    if (this.#rng.chance(2)) this.#tap.drop();
    const actions = Array.from({ length: this.#rng.between(1, 4) }, () => this.#draw());
    await this.#batch(this.#client, actions);
    await sleep(this.#rng.below(REST_MS_MAX));
  }

  #draw(): Action {
    const data = `${this.#name}.${++this.#written}`;
    return draw(this.#rng, this.#root, data, (path) => this.#versions.get(path) ?? 0);
  }

  async #open(): Promise<void> {
    const tap = new Tap();
    try {
      const client = await connect(this.#connectString, {
        sessionTimeoutMs: this.#rng.pick(SESSION_TIMEOUTS_MS),
        connectTimeoutMs: 2_000,
        closeTimeoutMs: 1_000,
        renewSession: false,
        backoff: { baseMs: 20, maxMs: 200 },
        ports: tap.ports,
      });
      const session = client.sessionId;
      this.#session = session;
      this.#tap = tap;
      this.#client = client;
      this.#history.opened(session);
      client.on('end', () => {
        if (this.#client !== client) return;
        this.#client = null;
        this.#history.ended(session, 'ended');
      });
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
    }
  }

  /** Closes the session; without an answer it may go on until it expires. */
  async #end(): Promise<void> {
    const [client, session] = [this.#client!, this.#session];
    this.#client = null;
    this.#tap.takeReplies();
    await client.close();
    const [reply] = this.#tap.takeReplies();
    if (reply?.err === 0) this.#history.ended(session, 'closed', reply.zxid);
    else this.#history.ended(session, 'ended');
  }

  /** Sends operations at once. What was answered was answered in order, so headers and answers can be matched. */
  async #batch(client: ZooKeeperClient, actions: readonly Action[]): Promise<void> {
    this.#tap.takeReplies();
    const asked = actions.map((action): [Operation, Promise<Answer>] => [
      this.#history.invoke(this.#session, action),
      ask(client, action).catch((error: Error) => error),
    ]);
    const answers = await Promise.all(asked.map(([, answer]) => answer));
    const replies = this.#tap.takeReplies();
    const server = client.server;
    for (const [i, [operation]] of asked.entries()) {
      const answer = answers[i]!;
      if (answer instanceof UnansweredError) {
        const kind = answer.outcome === 'unknown' ? 'unknown' : 'not-applied';
        this.#history.settle(operation, { kind }, null);
        continue;
      }
      const reply = replies.shift();
      if (reply === undefined) throw new Error(`an answer without a reply: ${String(answer)}`);
      this.#history.settle(operation, outcomeOf(operation.action, answer, reply.zxid), server);
      if (!(answer instanceof Error)) this.#learn(answer.nodes);
    }
    if (replies.length > 0) throw new Error(`${replies.length} replies without an answer`);
  }

  #learn(nodes: readonly (Seen | null)[]): void {
    for (const node of nodes) if (node !== null) this.#versions.set(node.path, node.version);
  }
}

function outcomeOf(action: Action, answer: Answer, zxid: number): Outcome {
  if (!(answer instanceof Error)) {
    const nodes = answer.nodes.map((node) =>
      node?.mzxid === OWN ? { ...node, czxid: zxid, mzxid: zxid } : node,
    );
    return { kind: 'ok', zxid, ...answer, nodes };
  }
  if (!(answer instanceof ZooKeeperError)) throw answer;
  const isRead = action.type === 'get' || action.type === 'exists' || action.type === 'children';
  if (isRead && answer.code === 'NoNode') return { kind: 'ok', zxid, nodes: [null] };
  return { kind: 'refused', zxid, code: answer.code };
}

async function ask(client: ZooKeeperClient, action: Action): Promise<Exclude<Answer, Error>> {
  const { type } = action;
  if (type === 'multi') return multi(client, action.writes);
  const { path } = action;
  switch (type) {
    case 'create': {
      const created = await client.create(path, action.data, { mode: modeOf(action) });
      return { nodes: [seen(created.path, action.data, created.stat)] };
    }
    case 'set':
      return {
        nodes: [seen(path, action.data, await client.set(path, action.data, { version: action.version }))],
      };
    case 'delete':
      await client.delete(path, { version: action.version });
      return { nodes: [null] };
    case 'get': {
      const { data, stat } = await client.get(path);
      return { nodes: [seen(path, data?.toString() ?? '', stat)] };
    }
    case 'exists': {
      const stat = await client.exists(path);
      return { nodes: [stat === null ? null : seen(path, null, stat)] };
    }
    case 'children': {
      const { children, stat } = await client.childrenAndStat(path);
      return { nodes: [seen(path, null, stat)], children };
    }
    case 'sync':
      await client.sync(path);
      return { nodes: [] };
    case 'check':
      throw new Error('a check is part of a multi');
  }
}

async function multi(client: ZooKeeperClient, writes: readonly Write[]): Promise<Exclude<Answer, Error>> {
  const transaction = client.transaction();
  for (const write of writes) {
    if (write.type === 'create') transaction.create(write.path, write.data, { mode: modeOf(write) });
    else if (write.type === 'set') transaction.set(write.path, write.data, write);
    else if (write.type === 'delete') transaction.delete(write.path, write);
    else transaction.check(write.path, write.version);
  }
  const results = (await transaction.commit()) as readonly unknown[];
  return {
    nodes: writes.map((write, i) => {
      const result = results[i] as Stat | TransactionCreated | null;
      if (result === null || !('data' in write)) return null;
      if (!('stat' in result)) return seen(write.path, write.data, result);
      if (result.stat !== null) return seen(result.path, write.data, result.stat);
      return { path: result.path, data: write.data, version: 0, czxid: OWN, mzxid: OWN, ephemeralOwner: 0n };
    }),
  };
}

function modeOf({ ephemeral, sequential }: Extract<Write, { type: 'create' }>) {
  if (sequential) return ephemeral ? 'ephemeral-sequential' : 'persistent-sequential';
  return ephemeral ? 'ephemeral' : 'persistent';
}

function seen(path: string, data: string | null, stat: Stat): Seen {
  const { version, czxid, mzxid, ephemeralOwner } = stat;
  return { path, data, version, czxid, mzxid, ephemeralOwner };
}
