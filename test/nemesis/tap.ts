import type { ClientPorts, Endpoint, Link, LinkEvents } from '../../client/index.ts';
import { nodePorts } from '../../client/tcp.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { FrameReader } from '../../wire/frame.ts';
import type { Zxid } from '../../wire/ids.ts';

/** A reply's header. */
export interface ReplyHeader {
  readonly zxid: Zxid;
  readonly err: number;
}

/** Ports of one client that show the headers of the replies to its requests, and can break its connection. */
export class Tap {
  readonly ports: ClientPorts = { ...nodePorts, open: (endpoint, events) => this.#open(endpoint, events) };
  #replies: ReplyHeader[] = [];
  #drop: () => void = () => {};

  /** Headers since the last call, in the order of arrival. Replies that stand for no answer are left out. */
  takeReplies(): ReplyHeader[] {
    const replies = this.#replies;
    this.#replies = [];
    return replies;
  }

  /** Breaks the connection once: the session has to go on elsewhere. */
  drop(): void {
    this.#drop();
  }

  #open(endpoint: Endpoint, events: LinkEvents): Link {
    const frames = new FrameReader();
    let isHandshake = true;
    const link = nodePorts.open(endpoint, {
      ...events,
      data: (chunk) => {
        frames.push(chunk, (bytes, start) => {
          if (!isHandshake) this.#replied(bytes, start);
          isHandshake = false;
        });
        events.data(chunk);
      },
    });
    let isOver = false;
    this.#drop = () => {
      if (isOver) return;
      isOver = true;
      link.destroy();
      events.closed(new Error('dropped'));
    };
    return {
      write: (bytes) => link.write(bytes),
      destroy: () => {
        isOver = true;
        link.destroy();
      },
    };
  }

  #replied(bytes: Buffer, start: number): void {
    const err = bytes.readInt32BE(start + 12);
    // The client takes these for no answer, see `serverError`.
    if (err === ErrorCode.SessionExpired || err === ErrorCode.ConnectionLoss) return;
    // Requests have positive numbers; what is below is heartbeats and events.
    if (bytes.readInt32BE(start) <= 0) return;
    this.#replies.push({ zxid: Number(bytes.readBigInt64BE(start + 4)), err });
  }
}
