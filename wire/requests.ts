import {
  bool,
  buffer,
  type Codec,
  type Decoded,
  int,
  longApproximate,
  longExact,
  record,
  text,
  ustring,
  vector,
} from './codec.ts';
import { AclVector } from './data.ts';
import { OpCode } from './opcodes.ts';

export const RequestHeader = record('RequestHeader', { xid: int, type: int });
export type RequestHeader = Decoded<typeof RequestHeader>;

/** `flags` is a `CreateMode`. Also the body of create2 and createContainer. */
export const CreateRequest = record('CreateRequest', {
  path: text,
  data: buffer,
  acl: AclVector,
  flags: int,
});
export type CreateRequest = Decoded<typeof CreateRequest>;

/** `ttl` in milliseconds. */
export const CreateTTLRequest = record('CreateTTLRequest', {
  path: text,
  data: buffer,
  acl: AclVector,
  flags: int,
  ttl: longApproximate,
});
export type CreateTTLRequest = Decoded<typeof CreateTTLRequest>;

export const DeleteRequest = record('DeleteRequest', { path: text, version: int });
export type DeleteRequest = Decoded<typeof DeleteRequest>;

export const SetDataRequest = record('SetDataRequest', { path: text, data: buffer, version: int });
export type SetDataRequest = Decoded<typeof SetDataRequest>;

export const CheckVersionRequest = record('CheckVersionRequest', { path: text, version: int });
export type CheckVersionRequest = Decoded<typeof CheckVersionRequest>;

/** `version` is the expected aversion. */
export const SetACLRequest = record('SetACLRequest', { path: text, acl: AclVector, version: int });
export type SetACLRequest = Decoded<typeof SetACLRequest>;

/** exists, getData, getChildren and getChildren2 share this layout. */
export const WatchedPathRequest = record('WatchedPathRequest', { path: text, watch: bool });
export type WatchedPathRequest = Decoded<typeof WatchedPathRequest>;

/** getACL, sync, getEphemerals and getAllChildrenNumber share this layout. */
export const PathRequest = record('PathRequest', { path: ustring });
export type PathRequest = Decoded<typeof PathRequest>;

/** checkWatches and removeWatches; `type` is a `WatcherType`. */
export const WatchesRequest = record('WatchesRequest', { path: text, type: int });
export type WatchesRequest = Decoded<typeof WatchesRequest>;

/** `mode` is an `AddWatchMode`. */
export const AddWatchRequest = record('AddWatchRequest', { path: text, mode: int });
export type AddWatchRequest = Decoded<typeof AddWatchRequest>;

export const SetWatches = record('SetWatches', {
  relativeZxid: longExact,
  dataWatches: vector(text),
  existWatches: vector(text),
  childWatches: vector(text),
});
export type SetWatches = Decoded<typeof SetWatches>;

export const SetWatches2 = record('SetWatches2', {
  relativeZxid: longExact,
  dataWatches: vector(text),
  existWatches: vector(text),
  childWatches: vector(text),
  persistentWatches: vector(text),
  persistentRecursiveWatches: vector(text),
});
export type SetWatches2 = Decoded<typeof SetWatches2>;

export const AuthPacket = record('AuthPacket', { type: int, scheme: ustring, auth: buffer });
export type AuthPacket = Decoded<typeof AuthPacket>;

export const GetSASLRequest = record('GetSASLRequest', { token: buffer });
export type GetSASLRequest = Decoded<typeof GetSASLRequest>;

/** `curConfigId` is the version the caller expects, -1 for any. */
export const ReconfigRequest = record('ReconfigRequest', {
  joiningServers: ustring,
  leavingServers: ustring,
  newMembers: ustring,
  curConfigId: longApproximate,
});
export type ReconfigRequest = Decoded<typeof ReconfigRequest>;

/** An operation without a body. */
export const Empty: Codec<null> = {
  bytesMin: 0,
  read: () => null,
  write: () => {},
};

/** The session timeout in milliseconds; body of createSession between servers and of its transaction. */
export const CreateSessionBody = record('CreateSessionTxn', { timeOut: int });

/** The path of a container or TTL node as raw bytes; made by servers only (DeleteContainerRequest). */
export const DeleteContainerRequest = record('DeleteContainerRequest', { path: buffer });

/** Body of each single request by operation; multi and multiRead are in multi.ts. */
export const requestCodecs = {
  [OpCode.create]: CreateRequest,
  [OpCode.create2]: CreateRequest,
  [OpCode.createContainer]: CreateRequest,
  [OpCode.createTTL]: CreateTTLRequest,
  [OpCode.delete]: DeleteRequest,
  [OpCode.deleteContainer]: DeleteContainerRequest,
  [OpCode.exists]: WatchedPathRequest,
  [OpCode.getData]: WatchedPathRequest,
  [OpCode.setData]: SetDataRequest,
  [OpCode.getACL]: PathRequest,
  [OpCode.setACL]: SetACLRequest,
  [OpCode.getChildren]: WatchedPathRequest,
  [OpCode.getChildren2]: WatchedPathRequest,
  [OpCode.sync]: PathRequest,
  [OpCode.ping]: Empty,
  [OpCode.check]: CheckVersionRequest,
  [OpCode.reconfig]: ReconfigRequest,
  [OpCode.checkWatches]: WatchesRequest,
  [OpCode.removeWatches]: WatchesRequest,
  [OpCode.auth]: AuthPacket,
  [OpCode.setWatches]: SetWatches,
  [OpCode.setWatches2]: SetWatches2,
  [OpCode.sasl]: GetSASLRequest,
  [OpCode.getEphemerals]: PathRequest,
  [OpCode.getAllChildrenNumber]: PathRequest,
  [OpCode.addWatch]: AddWatchRequest,
  [OpCode.whoAmI]: Empty,
  [OpCode.createSession]: CreateSessionBody,
  [OpCode.closeSession]: Empty,
} as const;
