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
 * Only the end of the session is an error: work goes on while the connection is away. The state `lost` comes late: by then another may
 * have led for a while. A leader with this policy therefore ends by the clock, before any server can have let its session expire.
 */
export const sessionStates: StatePolicy = {
  name: 'session',
  isError: (state) => state === 'lost',
};
