import { encode } from '../../wire/codec.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { MultiRequest } from '../../wire/multi.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { sessionPassword } from '../../wire/password.ts';
import type { requestCodecs } from '../../wire/requests.ts';
import { SUPER_AUTH } from '../kit/java.ts';
import { HungUp, RawClient, type RawReply } from '../kit/raw-client.ts';
import { requestCodecOf } from '../kit/raw-codecs.ts';
import {
  type Answer,
  comparable,
  comparableBody,
  type EventSeen,
  eventSeen,
  type Marks,
  type ReplySeen,
} from './answer.ts';
import type { RequestStep, ResumeHow, Step } from './step.ts';

interface Identity {
  readonly sessionId: bigint;
  readonly password: Buffer;
}

/** One of two histories: the data that one server made and perhaps another one serves now, and the test's sessions with it. */
export class Side implements AsyncDisposable {
  readonly name: string;
  #port: number;
  readonly #clients = new Map<number, RawClient>();
  readonly #identities = new Map<number, Identity>();
  /** The step whose reply first carried a zxid; zxids of two servers match when their steps do. */
  readonly #stepOfZxid = new Map<number, string>();
  readonly #zxidOfStep: number[] = [];
  readonly #sessionNumbers = new Map<bigint, number>();
  #lastZxid = 0;

  constructor(name: string, port: number) {
    this.name = name;
    this.#port = port;
  }

  readonly marks: Marks = {
    zxid: (zxid) => {
      if (zxid === 0) return 'zero';
      const step = this.#stepOfZxid.get(zxid);
      return step === undefined ? `unseen, ${this.#lastZxid - zxid} before the last` : `of step ${step}`;
    },
    session: (id) => {
      if (id === 0n) return 'none';
      const number = this.#sessionNumbers.get(id);
      return number === undefined ? `unknown 0x${BigInt.asUintN(64, id).toString(16)}` : `session ${number}`;
    },
  };

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }

  /** Drops every connection. */
  async leave(): Promise<void> {
    for (const client of this.#clients.values()) await client.drop();
    this.#clients.clear();
  }

  /** The data is served at another port from now on. */
  movedTo(port: number): void {
    this.#port = port;
  }

  /** Every node with its data, Stat and ACL, in comparable form. */
  async dump(): Promise<Readonly<Record<string, unknown>>> {
    const client = await RawClient.connect({ port: this.#port });
    await client.auth('digest', SUPER_AUTH);
    const nodes: Record<string, unknown> = {};
    const paths = ['/'];
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
      const { data, stat } = await client.call(OpCode.getData, { path, watch: false });
      const { acl } = await client.call(OpCode.getACL, { path });
      const { children } = await client.call(OpCode.getChildren, { path, watch: false });
      nodes[path] = comparable({ data, stat, acl }, this.marks);
      for (const child of children ?? []) paths.push(path === '/' ? `/${child}` : `${path}/${child}`);
    }
    await client.close();
    return nodes;
  }

  /** The raw client of a session that is connected. */
  client(session: number): RawClient {
    const client = this.#clients.get(session);
    if (client === undefined) throw new Error(`session ${session} is not connected to ${this.name}`);
    return client;
  }

  async perform(step: Step, number: number): Promise<Answer> {
    this.#zxidOfStep[number] = this.#lastZxid;
    switch (step.do) {
      case 'connect':
        return this.#connect(step, number);
      case 'resume':
        return this.#resume(step.session, step.how, number);
      case 'drop': {
        const client = this.client(step.session);
        const answer = await this.#ping(step.session, number);
        this.#clients.delete(step.session);
        await client.drop();
        return { ...answer, outcome: 'done' };
      }
      case 'close':
        return this.#close(step.session, number);
      case 'auth':
        return this.#auth(step, number);
      case 'burst':
        return this.#burst(step, number);
      case 'raw':
        return this.#raw(step, number);
      default:
        // A ping is answered with its own reserved xid, whatever the request's was.
        if (step.type === OpCode.ping) return this.#ping(step.session, number);
        return this.#send(step.session, step.type, this.#encode(step), number);
    }
  }

  #encode(step: RequestStep): Buffer {
    switch (step.do) {
      case 'multi':
        return encode(MultiRequest, [...step.ops]);
      case 'setWatches': {
        const codec = requestCodecOf(step.type as typeof OpCode.setWatches);
        return encode(codec, { relativeZxid: this.#zxidOfStep[step.since] ?? 0, ...step.lists });
      }
      case 'request':
        return encode(requestCodecOf(step.type as keyof typeof requestCodecs), step.body);
    }
  }

  async #connect(step: Extract<Step, { do: 'connect' }>, number: number): Promise<Answer> {
    const client = await RawClient.connect({
      port: this.#port,
      timeoutMs: step.timeoutMs,
      readOnly: step.readOnly,
    });
    this.#identities.set(step.session, { sessionId: client.sessionId, password: client.password });
    this.#sessionNumbers.set(client.sessionId, step.session);
    return this.#welcome(step.session, client, number);
  }

  /** The handshake's answer, and a ping that shows the zxid of the session's creation. */
  async #welcome(session: number, client: RawClient, number: number): Promise<Answer> {
    const { protocolVersion, timeOut, readOnly, sessionId, passwd } = client.response;
    const body = {
      protocolVersion,
      timeOut,
      readOnly,
      hasOwnPassword: sessionPassword(sessionId).equals(Buffer.from(passwd ?? [])),
    };
    this.#clients.set(session, client);
    const pong = await this.#ping(session, number);
    return { ...pong, outcome: 'connected', body };
  }

  async #resume(session: number, how: ResumeHow, number: number): Promise<Answer> {
    const identity = this.#identities.get(session);
    if (identity === undefined) throw new Error(`session ${session} was never connected`);
    const before = this.#clients.get(session);
    let client: RawClient;
    try {
      client = await RawClient.connect({
        port: this.#port,
        sessionId: how === 'unknown-session' ? 0x7700000000000001n : identity.sessionId,
        password: how === 'wrong-password' ? Buffer.alloc(16, 7) : identity.password,
        lastZxidSeen: how === 'ahead' ? this.#lastZxid + 1000 : this.#lastZxid,
      });
    } catch (error) {
      if (!(error instanceof HungUp)) throw error;
      return { outcome: 'hung-up', events: [] };
    }
    if (client.sessionId === 0n) {
      const { timeOut, passwd, readOnly } = client.response;
      await client.closed;
      return {
        outcome: 'refused',
        body: { timeOut, passwd: passwd?.length, zeros: isZero(passwd), readOnly },
        events: [],
      };
    }
    if (before !== undefined) await before.closed;
    return this.#welcome(session, client, number);
  }

  async #close(session: number, number: number): Promise<Answer> {
    const client = this.client(session);
    const answer = await this.#answer(
      session,
      OpCode.closeSession,
      () => client.request(OpCode.closeSession),
      number,
    );
    await client.closed;
    this.#clients.delete(session);
    this.#identities.delete(session);
    const others: Record<number, string[]> = {};
    for (const [other, connection] of this.#clients) {
      await connection.ping();
      others[other] = takeEvents(connection)
        .map((event) => JSON.stringify(event))
        .sort();
    }
    return { ...answer, events: [], others };
  }

  /** An operation that the server does not know ends the connection, after the reply that says so. */
  async #raw(step: Extract<Step, { do: 'raw' }>, number: number): Promise<Answer> {
    const client = this.client(step.session);
    const answer = await this.#send(step.session, step.type, Buffer.from(step.hex, 'hex'), number);
    if (answer.err !== ErrorCode.Unimplemented) return answer;
    await client.closed;
    this.#clients.delete(step.session);
    return { ...answer, outcome: 'hung-up' };
  }

  async #auth(step: Extract<Step, { do: 'auth' }>, number: number): Promise<Answer> {
    const client = this.client(step.session);
    const answer = await this.#answer(
      step.session,
      OpCode.auth,
      () => client.auth(step.scheme, step.auth),
      number,
    );
    if (answer.err !== undefined && answer.err !== 0) {
      await client.closed;
      this.#clients.delete(step.session);
    }
    // The reply to auth comes from the connection itself and overtakes what the session waits for.
    return { ...answer, isNewZxid: false };
  }

  #ping(session: number, number: number): Promise<Answer> {
    return this.#answer(session, OpCode.ping, () => this.client(session).ping(), number);
  }

  #send(session: number, type: number, body: Buffer, number: number): Promise<Answer> {
    return this.#answer(session, type, () => this.client(session).request(type, body), number);
  }

  async #answer(
    session: number,
    type: number,
    ask: () => Promise<RawReply>,
    number: number,
  ): Promise<Answer> {
    const client = this.client(session);
    let reply: RawReply;
    try {
      reply = await ask();
    } catch (error) {
      if (!(error instanceof HungUp)) throw error;
      this.#clients.delete(session);
      return { outcome: 'hung-up', events: takeEvents(client) };
    }
    return { outcome: 'reply', ...this.#seen(type, reply, String(number)), events: takeEvents(client) };
  }

  /** Takes note of a reply's zxid before its body is told in terms of zxids. */
  #seen(type: number, reply: RawReply, step: string): ReplySeen {
    const isNewZxid = reply.zxid > 0 && !this.#stepOfZxid.has(reply.zxid);
    if (isNewZxid) this.#stepOfZxid.set(reply.zxid, step);
    if (reply.zxid > this.#lastZxid) this.#lastZxid = reply.zxid;
    return { err: reply.err, body: comparableBody(type, reply, this.marks), isNewZxid };
  }

  async #burst(step: Extract<Step, { do: 'burst' }>, number: number): Promise<Answer> {
    const client = this.client(step.session);
    const replies = client.together(() =>
      step.requests.map((request) => client.request(request.type, this.#encode(request))),
    );
    const outcomes = await Promise.allSettled(replies);
    let at = 0;
    const stream = client.takeIncoming().map((item) => {
      if (item.kind === 'event') return eventSeen(item);
      const reply = this.#seen(step.requests[at]!.type, item, `${number}.${at}`);
      at++;
      return reply;
    });
    const isWhole = outcomes.every(({ status }) => status === 'fulfilled');
    if (!isWhole) this.#clients.delete(step.session);
    return { outcome: isWhole ? 'reply' : 'hung-up', events: [], stream };
  }
}

function takeEvents(client: RawClient): EventSeen[] {
  return client.takeIncoming().flatMap((item) => (item.kind === 'event' ? [eventSeen(item)] : []));
}

function isZero(bytes: Uint8Array | null): boolean {
  return bytes?.every((byte) => byte === 0) ?? false;
}
