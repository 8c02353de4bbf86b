import { OPEN_ACL } from '../../wire/data.ts';
import { errorName } from '../../wire/errors.ts';
import { AddWatchMode } from '../../wire/events.ts';
import type { MultiOp } from '../../wire/multi.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { bodyOf, FakeClient, type LinkAcceptor, multiResults } from '../kit/fake-client.ts';
import type { RawReply } from '../kit/raw-client.ts';
import { eventText, zxidText } from './story-words.ts';

/** A request that is on its way: how the story names it, and what of a good reply it shows. Null: not shown at all. */
type Asked = { readonly text: string; readonly show: (reply: RawReply) => string } | null;

/** Flags of create: ephemeral and sequential may be combined. */
const EPHEMERAL = 1;
const SEQUENTIAL = 2;
/** A session says something this many times in its timeout, as clients do, unless it is told to be silent. */
const HEARTBEATS = 3;

/** A client of a story with its session, under a name. What it is told becomes lines. */
export class StorySession {
  readonly name: string;
  readonly timeoutMs: number;
  isSilent = false;
  #client: FakeClient;
  /** The connection over which the client last had its session: what it proves it with, and what it has seen. */
  #holder: FakeClient;
  /** Connections that the client has left, and not closed. */
  #left: FakeClient[] = [];
  #asked: Asked[] = [];
  #isConnected = false;
  #isEndTold = false;
  #heartbeatMs: number;

  constructor(name: string, server: LinkAcceptor, timeoutMs: number, nowMs: number) {
    this.name = name;
    this.timeoutMs = timeoutMs;
    this.#heartbeatMs = nowMs;
    this.#client = this.#holder = new FakeClient(server);
    if (this.#client.isAccepted) this.#client.handshake({ timeoutMs });
  }

  get sessionId(): bigint {
    return this.#holder.sessionId;
  }

  get isClosed(): boolean {
    return this.#client.isClosed;
  }

  /** The same session at another server, on a new connection. The old one stays as it is, unused. */
  move(server: LinkAcceptor): void {
    if (!this.#client.isClosed) this.#left.push(this.#client);
    this.#client = new FakeClient(server);
    this.#client.lastZxid = this.#holder.lastZxid;
    this.#asked = [];
    this.#isConnected = this.#isEndTold = false;
    if (this.#client.isAccepted) this.#client.resume(this.#holder, this.timeoutMs);
  }

  /** The connection breaks without a word. */
  drop(): void {
    this.#client.drop();
  }

  // -- Requests --------------------------------------------------------------------------------------------------------------

  create(path: string, flags: { readonly isEphemeral: boolean; readonly isSequential: boolean }): void {
    const data = Buffer.from(path);
    const bits = (flags.isEphemeral ? EPHEMERAL : 0) + (flags.isSequential ? SEQUENTIAL : 0);
    this.#ask(`create ${path}`, (reply) => {
      const created = bodyOf(OpCode.create, reply).path;
      return created === path ? '' : ` ${created}`;
    });
    this.#client.send(OpCode.create, { path, data, acl: [...OPEN_ACL], flags: bits });
  }

  set(path: string, data: string, version: number): void {
    this.#ask(`set ${path}`, (reply) => ` version ${bodyOf(OpCode.setData, reply).stat.version}`);
    this.#client.send(OpCode.setData, { path, data: Buffer.from(data), version });
  }

  delete(path: string): void {
    this.#ask(`delete ${path}`);
    this.#client.send(OpCode.delete, { path, version: -1 });
  }

  get(path: string, watch: boolean): void {
    this.#ask(`get ${path}`, (reply) => ` "${bodyOf(OpCode.getData, reply).data ?? ''}"`);
    this.#client.send(OpCode.getData, { path, watch });
  }

  exists(path: string, watch: boolean): void {
    this.#ask(`exists ${path}`);
    this.#client.send(OpCode.exists, { path, watch });
  }

  children(path: string, watch: boolean): void {
    this.#ask(
      `children ${path}`,
      (reply) => ` [${bodyOf(OpCode.getChildren, reply).children?.join(' ') ?? ''}]`,
    );
    this.#client.send(OpCode.getChildren, { path, watch });
  }

  /** A persistent watch on the path and all below it. */
  watch(path: string): void {
    this.#ask(`watch ${path}`);
    this.#client.send(OpCode.addWatch, { path, mode: AddWatchMode.persistentRecursive });
  }

  /** What a client does after it has come to another server: it asks for its data watches as of what it has seen. */
  rearm(paths: readonly string[]): void {
    this.#ask(`rearm ${paths.join(' ')}`);
    this.#client.send(OpCode.setWatches, {
      relativeZxid: this.#client.lastZxid,
      dataWatches: [...paths],
      existWatches: [],
      childWatches: [],
    });
  }

  sync(path: string): void {
    this.#ask(`sync ${path}`);
    this.#client.send(OpCode.sync, { path });
  }

  /** Creates all of them or none. */
  multi(paths: readonly string[]): void {
    this.#ask(`multi ${paths.join(' ')}`, (reply) => {
      const results = multiResults(reply).map(({ type, body }) =>
        type === OpCode.error ? errorName(body.err) : 'ok',
      );
      return ` (${results.join(', ')})`;
    });
    const ops = paths.map(
      (path): MultiOp => ({
        type: OpCode.create,
        body: { path, data: Buffer.from(path), acl: [...OPEN_ACL], flags: 0 },
      }),
    );
    this.#client.sendMulti(ops);
  }

  close(): void {
    this.#ask('close');
    this.#client.send(OpCode.closeSession, null);
  }

  #ask(text: string, show: (reply: RawReply) => string = () => ''): void {
    if (this.isClosed || !this.#client.isAccepted) throw new Error(`${this.name} has no connection`);
    this.#asked.push({ text, show });
  }

  /** What clients do all the time so that their session stays. */
  heartbeat(nowMs: number): void {
    if (this.isSilent || this.isClosed || !this.#isConnected) return;
    if (nowMs - this.#heartbeatMs < this.timeoutMs / HEARTBEATS) return;
    this.#heartbeatMs = nowMs;
    this.#asked.push(null);
    this.#client.send(OpCode.ping, null);
  }

  // -- What the client is told -----------------------------------------------------------------------------------------------

  /** What has come since the last call. */
  takeLines(): string[] {
    const lines: string[] = [];
    this.#left = this.#left.filter((left) => {
      if (left.isClosed) lines.push('its connection from before is closed');
      return !left.isClosed;
    });
    const { response } = this.#client;
    if (!this.#isConnected && response !== null) {
      this.#isConnected = true;
      if (response.sessionId !== 0n) this.#holder = this.#client;
      lines.push(response.sessionId === 0n ? 'has no session' : `has its session, ${response.timeOut} ms`);
    }
    for (const item of this.#client.take()) {
      if (item.kind === 'event') {
        lines.push(eventText(item.type, item.path));
        continue;
      }
      const asked = this.#asked.shift();
      if (asked == null) continue;
      const outcome = item.err === 0 ? `ok${asked.show(item)}` : errorName(item.err);
      lines.push(`${asked.text}: ${outcome} (${zxidText(item.zxid)})`);
    }
    if (this.isClosed && !this.#isEndTold) {
      this.#isEndTold = true;
      const pending = this.#asked.filter((asked) => asked !== null).map(({ text }) => text);
      lines.push(
        pending.length === 0 ? 'disconnected' : `disconnected, without an answer to ${pending.join(', ')}`,
      );
    }
    return lines.map((line) => `${this.name}: ${line}`);
  }
}
