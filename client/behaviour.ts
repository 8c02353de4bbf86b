import type { Acl } from '../wire/data.ts';
import { OPEN_ACL } from '../wire/data.ts';
import type { RetryPolicy } from './retry-policies.ts';
import { type StatePolicy, standardStates } from './state-policy.ts';
import type { Tracer } from './tracing.ts';

/** The ACL of nodes that are created without one: one list for all, or one by path. */
export type AclProvider = readonly Acl[] | ((path: string) => readonly Acl[]);

/** How a client does what its operations leave open. */
export interface Behaviour {
  /** When reads and idempotent operations are tried again; null: reads only as often as `readSendsMax` says. */
  readonly retry: RetryPolicy | null;
  readonly acl: AclProvider;
  readonly defaultData: string | Uint8Array | null;
  /** Whose data is compressed; null: nobody's. */
  readonly compress: ((path: string) => boolean) | null;
  /** Longest data that is taken out of a compressed node. */
  readonly decompressedBytesMax: number;
  readonly tracer: Tracer | null;
  readonly states: StatePolicy;
}

export const DECOMPRESSED_BYTES_MAX = 64 * 1024 * 1024;

export const defaultBehaviour: Behaviour = {
  retry: null,
  acl: OPEN_ACL,
  defaultData: Buffer.alloc(0),
  compress: null,
  decompressedBytesMax: DECOMPRESSED_BYTES_MAX,
  tracer: null,
  states: standardStates,
};

/** The ACL of a node that is created at a path without one. */
export function aclFor({ acl }: Behaviour, path: string): readonly Acl[] {
  return typeof acl === 'function' ? acl(path) : acl;
}
