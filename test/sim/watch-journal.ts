/** What a client may be watching for. */
export type WatchKind = 'data' | 'exists' | 'child' | 'persistent' | 'recursive';

/** One session's watches and all that could bear on them, in the order in which its client learned of it. */
export type WatchEntry =
  /** Left by a read or by addWatch that was answered with this zxid. */
  | { readonly kind: 'armed'; readonly watch: WatchKind; readonly path: string; readonly zxid: number }
  | { readonly kind: 'event'; readonly type: number; readonly path: string }
  | { readonly kind: 'answer'; readonly zxid: number }
  /** The connection is another one: what was watched is gone there, and was asked for again with what was seen last. */
  | { readonly kind: 'moved'; readonly seenZxid: number }
  /** The answer to that: watches hold again, as of this zxid. */
  | { readonly kind: 'rearmed'; readonly zxid: number };

/** The journal of one session. */
export interface WatchJournal {
  readonly session: bigint;
  readonly entries: WatchEntry[];
}
