import type { Id } from '../../wire/data.ts';
import { type EventType, KeeperState, WatcherEvent } from '../../wire/events.ts';
import { FrameReader } from '../../wire/frame.ts';
import { ReservedXid } from '../../wire/ids.ts';
import { ConnectionStats } from '../admin/stats.ts';
import type { ClientLink } from '../ports.ts';
import type { Session } from '../session/tracker.ts';
import type { Watcher } from '../tree/watches.ts';
import { ReplyBuffer } from './reply.ts';
import type { Waiting } from './request.ts';

export type ConnectionPhase =
  | 'new' // not even four bytes have come
  | 'handshake' // waiting for the connect request
  | 'joining' // the session is being made or renewed: requests are held
  | 'open'
  | 'closed';

/** What a connection tells the server when events are due. */
export interface ConnectionOwner {
  /** Whether the connection's identities may read a node with this ACL. */
  mayRead(connection: Connection, aclId: number): boolean;
  /** The connection has bytes to send at the end of the turn. */
  markDirty(connection: Connection): void;
  notified(bytes: number): void;
}

/**
 * One client's connection: its bytes in and out, its session, its identities, and the requests that wait for their turn.
 *
 * Invariants: replies leave in the order of the requests; while `waiting` is not empty, its head is a proposed write, and
 * nothing of this connection is answered before that one's commit; an event is in the out buffer before any reply that was
 * computed after the change.
 */
export class Connection implements Watcher {
  readonly link: ClientLink;
  readonly frames: FrameReader;
  readonly out = new ReplyBuffer();
  readonly stats = new ConnectionStats();
  readonly establishedWallMs: number;
  /** The same on the monotonic clock. */
  readonly establishedMs: number;
  readonly #owner: ConnectionOwner;
  phase: ConnectionPhase = 'new';
  session: Session | null = null;
  /** Identities: the address from the start, then what the client proved. Replaced, never changed in place. */
  ids: readonly Id[];
  waiting: Waiting[] = [];
  waitingHead = 0;
  /** Sizes of the requests that wait, and of the answers that they will get as far as those are estimated. */
  waitingBytes = 0;
  waitingAnswerBytes = 0;
  /** Frames that came before the session was set up, or while the connection is paused. */
  held: { readonly bytes: Buffer; readonly start: number; readonly end: number }[] = [];
  /** The first bytes of the stream, while there are fewer than four. */
  prefix: Buffer | null = null;
  dirty = false;
  /** It has too much under way or leaves too much unread: nothing more is read from it, and frames that came are held. */
  paused = false;
  /** The session timeout that was negotiated, while the leader is asked about the session. */
  askedTimeoutMs = 0;
  /** Whether the client sent the read-only byte, and so expects it back. */
  sentReadOnly = false;

  constructor(
    link: ClientLink,
    owner: ConnectionOwner,
    frameBytesMax: number,
    { wallMs, monotonicMs }: { readonly wallMs: number; readonly monotonicMs: number },
  ) {
    this.link = link;
    this.#owner = owner;
    this.frames = new FrameReader(frameBytesMax);
    this.ids = [{ scheme: 'ip', id: link.remoteIp }];
    this.establishedWallMs = wallMs;
    this.establishedMs = monotonicMs;
  }

  get waitingCount(): number {
    return this.waiting.length - this.waitingHead;
  }

  pushWaiting(request: Waiting): void {
    this.waiting.push(request);
    this.waitingBytes += request.end - request.start;
    this.waitingAnswerBytes += request.answerBytes;
  }

  /** Forgets the requests that wait: nobody is there to be answered. */
  dropWaiting(): void {
    this.waiting = [];
    this.waitingHead = 0;
    this.waitingBytes = 0;
    this.waitingAnswerBytes = 0;
    this.held = [];
  }

  peekWaiting(): Waiting | undefined {
    return this.waiting[this.waitingHead];
  }

  replaceWaitingHead(request: Waiting): void {
    this.waiting[this.waitingHead] = request;
  }

  shiftWaiting(): Waiting | undefined {
    const request = this.waiting[this.waitingHead];
    if (request === undefined) return undefined;
    this.waitingHead++;
    this.waitingBytes -= request.end - request.start;
    this.waitingAnswerBytes -= request.answerBytes;
    if (this.waitingHead === this.waiting.length) {
      this.waiting = [];
      this.waitingHead = 0;
    } else if (this.waitingHead >= 64 && this.waitingHead * 2 >= this.waiting.length) {
      this.waiting = this.waiting.slice(this.waitingHead);
      this.waitingHead = 0;
    }
    return request;
  }

  /** Events about nodes that the client may not read are withheld. */
  deliver(type: EventType, path: string, zxid: number, aclId: number): void {
    if (this.phase !== 'open' || !this.#owner.mayRead(this, aclId)) return;
    const event = { type, state: KeeperState.SyncConnected, path };
    const bytes = this.out.record(ReservedXid.notification, zxid, WatcherEvent, event);
    this.stats.packetsSent++;
    this.#owner.notified(bytes);
    this.#owner.markDirty(this);
  }
}
