import type { ClientState } from './state.ts';

/**
 * What a client's state means for whatever depends on its session: whether it counts as an error, after which nothing that was held
 * may be relied on.
 */
export interface StatePolicy {
  readonly name: string;
  isError(state: ClientState): boolean;
}

/** A suspended connection is an error too: nobody here can tell how long the session will last. The safe choice, and the default. */
export const standardStates: StatePolicy = {
  name: 'standard',
  isError: (state) => state === 'suspended' || state === 'readonly' || state === 'lost',
};

/**
 * Only the end of the session is an error: work goes on while the connection is away. By the time that the end is known here,
 * another may have held the lock for a while; only a resource that checks fencing tokens is safe.
 */
export const sessionStates: StatePolicy = {
  name: 'session',
  isError: (state) => state === 'lost',
};
