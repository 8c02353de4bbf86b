/** From a contender to the demonstration that forked it. */
export type FromContender =
  | { readonly type: 'acquired'; readonly fencingToken: number }
  | { readonly type: 'released' }
  | { readonly type: 'failed'; readonly message: string };

/**
 * From the demonstration to a contender. `releaseWhenInLine`: give the lock to the next as soon as so many, the holder included,
 * stand in line; so that a process that was slow to start is not passed over. `stop`: leave the line, close the session and end.
 */
export type ToContender = { readonly releaseWhenInLine: number } | 'stop';

/** The path of the lock that the demonstration is about. */
export const DEMO_LOCK = '/locks/demo';

/** Short, so that the lock of a killed process is free soon: what it costs is that a pause of two seconds loses the lock. */
export const DEMO_SESSION_TIMEOUT_MS = 2000;
