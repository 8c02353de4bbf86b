import type { Acl } from '../../wire/data.ts';
import type { MultiOp } from '../../wire/multi.ts';

/** One thing done to both servers. Everything in it is data, so that a sequence can be printed, cut and run again. */
export type Step =
  | {
      readonly do: 'connect';
      readonly session: number;
      readonly timeoutMs: number;
      readonly readOnly: boolean | null;
    }
  /** A new connection for a session that had one. */
  | { readonly do: 'resume'; readonly session: number; readonly how: ResumeHow }
  /** The client's end of the connection goes away without a word. */
  | { readonly do: 'drop'; readonly session: number }
  | { readonly do: 'close'; readonly session: number }
  | {
      readonly do: 'auth';
      readonly session: number;
      readonly scheme: string | null;
      readonly auth: string | null;
    }
  | { readonly do: 'request'; readonly session: number; readonly type: number; readonly body: Body }
  | {
      readonly do: 'multi';
      readonly session: number;
      readonly type: number;
      readonly ops: readonly MultiOp[];
    }
  /** `since` is the number of an earlier step: the state up to it is what the client claims to have seen. */
  | {
      readonly do: 'setWatches';
      readonly session: number;
      readonly type: number;
      readonly since: number;
      readonly lists: WatchLists;
    }
  /** Requests that leave in one write, without waiting for each other's answers. */
  | { readonly do: 'burst'; readonly session: number; readonly requests: readonly RequestStep[] }
  /** A request whose body is no record of its type, or whose type is none. */
  | { readonly do: 'raw'; readonly session: number; readonly type: number; readonly hex: string };

export type RequestStep = Extract<Step, { readonly do: 'request' | 'multi' | 'setWatches' }>;

export type ResumeHow = 'properly' | 'wrong-password' | 'ahead' | 'unknown-session';

export interface Body {
  readonly path?: string | null;
  readonly data?: Buffer | null;
  readonly acl?: Acl[] | null;
  readonly flags?: number;
  readonly ttl?: number;
  readonly version?: number;
  readonly watch?: boolean;
  readonly type?: number;
  readonly mode?: number;
  readonly joiningServers?: string | null;
  readonly leavingServers?: string | null;
  readonly newMembers?: string | null;
  readonly curConfigId?: number;
}

export interface WatchLists {
  readonly dataWatches: string[];
  readonly existWatches: string[];
  readonly childWatches: string[];
  readonly persistentWatches?: string[];
  readonly persistentRecursiveWatches?: string[];
}

/** The paths a step names. */
export function pathsOf(step: Step): string[] {
  switch (step.do) {
    case 'request':
      return typeof step.body.path === 'string' ? [step.body.path] : [];
    case 'multi':
      return step.ops.map((op) => op.body.path);
    case 'setWatches':
      return Object.values(step.lists).flat();
    case 'burst':
      return step.requests.flatMap(pathsOf);
    default:
      return [];
  }
}
