import { createHash } from 'node:crypto';
import type { TraceEvent } from './trace.ts';

const LINES_MAX = 500;

/** A fingerprint of everything that happens, and when: two runs with the same one went the same way. */
export class TraceHash {
  readonly #hash = createHash('sha1');
  #lines: string[] = [];

  add(event: TraceEvent, nowMs: number): void {
    this.#lines.push(`${nowMs} ${event.kind} ${detailOf(event)}`);
    if (this.#lines.length >= LINES_MAX) this.#flush();
  }

  digest(): string {
    this.#flush();
    return this.#hash.digest('hex');
  }

  #flush(): void {
    this.#hash.update(this.#lines.join('\n'));
    this.#lines = [];
  }
}

function detailOf(event: TraceEvent): string {
  switch (event.kind) {
    case 'packet': {
      const { type, zxid, data } = event.packet;
      return `${event.from} ${event.to} ${type} ${zxid} ${data?.length} ${data?.at(-1)}`;
    }
    case 'vote': {
      const { leader, zxid, electionEpoch, peerEpoch, state } = event.notification;
      return `${event.from} ${event.to} ${leader} ${zxid} ${electionEpoch} ${peerEpoch} ${state}`;
    }
    case 'log':
    case 'apply':
      return `${event.server} ${event.zxid} ${event.bytes.length}`;
    case 'role':
      return `${event.server} ${event.mode} ${event.serves} ${event.epoch}`;
    case 'epochs':
      return `${event.server} ${event.accepted} ${event.current}`;
    case 'connected':
    case 'disconnected':
      return `${event.server} ${event.leader}`;
    case 'snapshot':
      return `${event.from} ${event.to} ${event.zxid}`;
    case 'durable':
    case 'history':
      return `${event.server} ${event.zxid}`;
  }
}
