/** From a contender to the demonstration that forked it. */
export type FromContender =
  | { readonly type: 'acquired'; readonly fencingToken: number }
  | { readonly type: 'released' }
  | { readonly type: 'failed'; readonly message: string };

/** From the demonstration to a contender. `stop`: leave the line, close the session and end. */
export type ToContender = 'release' | 'stop';

/** The path of the lock that the demonstration is about. */
export const DEMO_LOCK = '/locks/demo';

/** Short, so that the lock of a killed process is free soon: what it costs is that a pause of two seconds loses the lock. */
export const DEMO_SESSION_TIMEOUT_MS = 2000;
