import { OPEN_ACL } from '../../wire/data.ts';

export const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');
export const openAcl = [...OPEN_ACL];

/** What the recorded Stats have in common, and what differs. */
export const stat = (czxid: number, differing: Readonly<Record<string, unknown>> = {}) => ({
  czxid,
  mzxid: czxid,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0n,
  dataLength: 0,
  numChildren: 0,
  pzxid: czxid,
  ...differing,
});
