import type { MemberMode } from '../../core/ensemble/member.ts';
import type { ServerId } from '../../core/zab/quorum.ts';
import type { Notification } from '../../wire/notification.ts';
import type { QuorumPacket } from '../../wire/quorum.ts';

/** What can be seen of a cluster from outside its servers' code, in the order in which it happens. */
export type TraceEvent =
  /** Arrives at `to`. */
  | {
      readonly kind: 'packet';
      readonly from: ServerId;
      readonly to: ServerId;
      readonly packet: QuorumPacket;
    }
  | {
      readonly kind: 'vote';
      readonly from: ServerId;
      readonly to: ServerId;
      readonly notification: Notification;
    }
  /** A learner's connection to a leader stands, or has ended as the learner hears it. */
  | { readonly kind: 'connected' | 'disconnected'; readonly server: ServerId; readonly leader: ServerId }
  /** `serves`: whether clients may come. `epoch`: the current one on disk. */
  | {
      readonly kind: 'role';
      readonly server: ServerId;
      readonly mode: MemberMode | 'down';
      readonly serves: boolean;
      readonly epoch: number;
    }
  /** Put into the log, not durable yet. `isProposal`: by a leader, of its own making. */
  | {
      readonly kind: 'log';
      readonly server: ServerId;
      readonly zxid: number;
      readonly bytes: Buffer;
      readonly isProposal: boolean;
    }
  | { readonly kind: 'durable'; readonly server: ServerId; readonly zxid: number }
  /**
   * Applied to the tree. `isCommitted`: by a server that serves; else during synchronization, or because a role has ended that left
   * it in the log.
   */
  | {
      readonly kind: 'apply';
      readonly server: ServerId;
      readonly zxid: number;
      readonly bytes: Buffer;
      readonly isCommitted: boolean;
    }
  /** The tree is another one: read from disk, cut back, or (with `from`) the one that a leader sent. It ends with `zxid`. */
  | {
      readonly kind: 'history';
      readonly server: ServerId;
      readonly zxid: number;
      readonly from: ServerId | null;
    }
  /** A leader begins to send its tree. */
  | { readonly kind: 'snapshot'; readonly from: ServerId; readonly to: ServerId; readonly zxid: number }
  | {
      readonly kind: 'epochs';
      readonly server: ServerId;
      readonly accepted: number;
      readonly current: number;
    };

export type Trace = (event: TraceEvent) => void;
