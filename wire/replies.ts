import { buffer, type Decoded, int, longExact, record, text, vector } from './codec.ts';
import { AclVector, ClientInfo, Stat } from './data.ts';
import { OpCode } from './opcodes.ts';
import { Empty } from './requests.ts';

/** A body follows only where `err` is 0. */
export const ReplyHeader = record('ReplyHeader', { xid: int, zxid: longExact, err: int });
export type ReplyHeader = Decoded<typeof ReplyHeader>;

/** Size of a `ReplyHeader` on the wire. */
export const REPLY_HEADER_BYTES = 16;

/** create, and sync with the path that was asked for. */
export const PathReply = record('PathReply', { path: text });
export const Create2Reply = record('Create2Reply', { path: text, stat: Stat });
/** exists, setData, setACL and check. */
export const StatReply = record('StatReply', { stat: Stat });
export const GetDataReply = record('GetDataReply', { data: buffer, stat: Stat });
export const GetACLReply = record('GetACLReply', { acl: AclVector, stat: Stat });
/** getChildren and getEphemerals. */
export const NamesReply = record('NamesReply', { children: vector(text) });
export const GetChildren2Reply = record('GetChildren2Reply', { children: vector(text), stat: Stat });
export const GetAllChildrenNumberReply = record('GetAllChildrenNumberReply', { totalNumber: int });
/** addWatch, and an operation of a multi that failed. */
export const ErrorReply = record('ErrorReply', { err: int });
export const SetSASLReply = record('SetSASLReply', { token: buffer });
export const WhoAmIReply = record('WhoAmIReply', { clientInfo: vector(ClientInfo) });

/** Body of each successful reply by operation; multi and multiRead are in multi.ts. */
export const replyCodecs = {
  [OpCode.create]: PathReply,
  [OpCode.create2]: Create2Reply,
  [OpCode.createContainer]: Create2Reply,
  [OpCode.createTTL]: Create2Reply,
  [OpCode.delete]: Empty,
  [OpCode.exists]: StatReply,
  [OpCode.getData]: GetDataReply,
  [OpCode.setData]: StatReply,
  [OpCode.getACL]: GetACLReply,
  [OpCode.setACL]: StatReply,
  [OpCode.getChildren]: NamesReply,
  [OpCode.getChildren2]: GetChildren2Reply,
  [OpCode.sync]: PathReply,
  [OpCode.ping]: Empty,
  [OpCode.check]: StatReply,
  [OpCode.reconfig]: GetDataReply,
  [OpCode.checkWatches]: Empty,
  [OpCode.removeWatches]: Empty,
  [OpCode.auth]: Empty,
  [OpCode.setWatches]: Empty,
  [OpCode.setWatches2]: Empty,
  [OpCode.sasl]: SetSASLReply,
  [OpCode.getEphemerals]: NamesReply,
  [OpCode.getAllChildrenNumber]: GetAllChildrenNumberReply,
  [OpCode.addWatch]: ErrorReply,
  [OpCode.whoAmI]: WhoAmIReply,
  [OpCode.closeSession]: Empty,
} as const;
