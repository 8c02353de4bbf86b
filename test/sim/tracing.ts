import { CommittedLog, type CommittedLogOptions } from '../../core/zab/commit-log.ts';
import type { Epochs } from '../../core/zab/learner-types.ts';
import type { SimulatedMember } from './member.ts';

/** Where every applied transaction goes, whatever the role: so this is where it can be seen from outside. */
export class TracedCommittedLog extends CommittedLog {
  readonly #member: SimulatedMember;

  /** `recent` is what it begins with. */
  constructor(member: SimulatedMember, recent: CommittedLog, options: CommittedLogOptions) {
    super(recent.base, options);
    for (const { zxid, bytes } of recent.after(recent.base)) super.add(zxid, bytes);
    this.#member = member;
  }

  override add(zxid: number, bytes: Buffer): void {
    super.add(zxid, bytes);
    const { cluster, id, isServing } = this.#member;
    cluster.trace({ kind: 'apply', server: id, zxid, bytes: Buffer.from(bytes), isCommitted: isServing });
  }

  override clear(lastZxid: number): void {
    super.clear(lastZxid);
    const { cluster, id, wires, member } = this.#member;
    const [wire] = [...wires].filter(({ learner }) => learner.id === id);
    const isSent = member !== null && wire?.isInSnapshot === true;
    cluster.trace({
      kind: 'history',
      server: id,
      zxid: lastZxid,
      from: isSent ? wire!.leader.id : null,
    });
  }
}

export function tracedEpochs(member: SimulatedMember, epochs: Epochs): Epochs {
  const tell = (): void =>
    member.cluster.trace({
      kind: 'epochs',
      server: member.id,
      accepted: epochs.acceptedEpoch,
      current: epochs.currentEpoch,
    });
  return {
    get acceptedEpoch() {
      return epochs.acceptedEpoch;
    },
    get currentEpoch() {
      return epochs.currentEpoch;
    },
    setAcceptedEpoch(epoch) {
      epochs.setAcceptedEpoch(epoch);
      tell();
    },
    setCurrentEpoch(epoch) {
      epochs.setCurrentEpoch(epoch);
      tell();
    },
  };
}

/** Tells of each transaction that is put into the log. */
export function traceStore(member: SimulatedMember): void {
  const { store, cluster, id } = member;
  const append = store.append.bind(store);
  store.append = (zxid, bytes) => {
    const isProposal = member.member?.mode === 'leader';
    cluster.trace({ kind: 'log', server: id, zxid, bytes: Buffer.from(bytes), isProposal });
    append(zxid, bytes);
  };
}
