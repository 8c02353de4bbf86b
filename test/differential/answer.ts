import { decode } from '../../wire/codec.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { MultiReply } from '../../wire/multi.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { replyCodecs } from '../../wire/replies.ts';
import type { RawEvent, RawReply } from '../kit/raw-client.ts';
import { replyCodecOf } from '../kit/raw-codecs.ts';

/** What came of a step, with everything taken out that two right servers may do differently. */
export interface Answer {
  readonly outcome: 'reply' | 'hung-up' | 'connected' | 'refused' | 'done';
  readonly err?: number;
  /** Decoded, with marked zxids, times and session ids; hex where the operation has no known layout. */
  readonly body?: unknown;
  /** Whether the reply carried a zxid that none before it did. */
  readonly isNewZxid?: boolean;
  /** What arrived at the session before the reply, in order. */
  readonly events: readonly EventSeen[];
  /** Of a burst: replies and events in order of arrival. */
  readonly stream?: readonly (ReplySeen | EventSeen)[];
  /** After the end of a session: what arrived at each other one, sorted, since nobody promises an order of its ephemerals. */
  readonly others?: Readonly<Record<number, readonly string[]>>;
}

export interface ReplySeen {
  readonly err: number;
  readonly body: unknown;
  readonly isNewZxid: boolean;
}

export interface EventSeen {
  readonly type: number;
  readonly state: number;
  readonly path: string;
}

export function eventSeen({ type, state, path }: RawEvent): EventSeen {
  return { type, state, path };
}

/** How the zxids and session ids of one server are told in terms that hold for both. */
export interface Marks {
  zxid(zxid: number): string;
  session(id: bigint): string;
}

/** Lists whose order is that of a hash table. */
const unorderedLists = new Set(['children', 'clientInfo', 'acl']);
const zxidFields = new Set(['czxid', 'mzxid', 'pzxid']);
const timeFields = new Set(['ctime', 'mtime']);

/** A value with its zxids, times and sessions marked, and the lists sorted that have no order. */
export function comparable(value: unknown, marks: Marks): unknown {
  if (Buffer.isBuffer(value))
    return value.length > 200
      ? `bytes ${value.length} ${digest(value)}`
      : `bytes ${value.toString('latin1')}`;
  if (Array.isArray(value)) return value.map((item) => comparable(item, marks));
  if (typeof value !== 'object' || value === null) return value;
  const out: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    if (zxidFields.has(key)) out[key] = marks.zxid(field as number);
    else if (timeFields.has(key)) out[key] = field === 0 ? 'never' : 'some time';
    else if (key === 'ephemeralOwner') out[key] = marks.session(field as bigint);
    else {
      const inner = comparable(field, marks);
      out[key] =
        unorderedLists.has(key) && Array.isArray(inner)
          ? inner.map((item) => JSON.stringify(item)).sort()
          : inner;
    }
  }
  return out;
}

function digest(bytes: Buffer): number {
  let sum = 0;
  for (const byte of bytes) sum = (Math.imul(sum, 31) + byte) | 0;
  return sum;
}

/** The body of a reply to an operation of this type, in comparable form. */
export function comparableBody(type: number, reply: RawReply, marks: Marks): unknown {
  if (reply.err !== ErrorCode.Ok) return reply.body.length === 0 ? undefined : reply.body.toString('hex');
  if (type === OpCode.multi || type === OpCode.multiRead)
    return comparable(decode(MultiReply, reply.body), marks);
  if (!Object.hasOwn(replyCodecs, type)) return reply.body.toString('hex');
  return comparable(decode(replyCodecOf(type as keyof typeof replyCodecs), reply.body), marks);
}
