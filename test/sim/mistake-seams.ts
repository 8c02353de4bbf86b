import type { Leading } from '../../core/ensemble/leading.ts';
import type { LeaderChannel, Learning } from '../../core/ensemble/learning.ts';
import type { MemberNetwork } from '../../core/ensemble/member.ts';
import type { MemberParts } from '../../core/ensemble/role.ts';
import type { Epochs } from '../../core/zab/learner-types.ts';
import type { ServerId } from '../../core/zab/quorum.ts';
import { ByteReader } from '../../wire/bytes.ts';
import { OpCode } from '../../wire/opcodes.ts';
import type { QuorumPacket } from '../../wire/quorum.ts';
import { RequestHeader } from '../../wire/requests.ts';
import type { LoggedTxn } from '../../wire/txn.ts';
import type { Seams } from './cluster.ts';
import type { SimulatedMember } from './member.ts';

/** What a learner hears of its leader, and says to it, may be changed on the way. */
export function onConnection(change: {
  heard?(packet: QuorumPacket, say: (packet: QuorumPacket) => void): QuorumPacket | null;
  said?(packet: QuorumPacket): QuorumPacket | null;
}): Seams {
  return {
    network(_member, network) {
      const connect = (leader: ServerId, learning: Learning): LeaderChannel => {
        const take = learning.packet.bind(learning);
        let channel: LeaderChannel | null = null;
        learning.packet = (packet) => {
          const heard =
            change.heard === undefined ? packet : change.heard(packet, (said) => channel?.send(said));
          return heard === null ? null : take(heard);
        };
        const inner = network.connect(leader, learning);
        channel = inner;
        return {
          send(packet) {
            const said = change.said === undefined ? packet : change.said(packet);
            if (said !== null) inner.send(said);
          },
          close: () => inner.close(),
        };
      };
      return withNetwork(network, { connect });
    },
  };
}

export function withNetwork(network: MemberNetwork, changed: Partial<MemberNetwork>): MemberNetwork {
  return {
    sendVote: (to, message) => network.sendVote(to, message),
    openQuorumPort: (leading) => network.openQuorumPort(leading),
    closeQuorumPort: () => network.closeQuorumPort(),
    connect: (leader, learning) => network.connect(leader, learning),
    ...changed,
  };
}

export function onParts(
  change: (member: SimulatedMember, parts: MemberParts) => Partial<MemberParts>,
): Seams {
  return { parts: (member, parts) => ({ ...parts, ...change(member, parts) }) };
}

export function onEpochs(change: (epochs: Epochs) => Partial<Epochs>): Seams {
  return onParts((_, { epochs }) => {
    const changed: Epochs = {
      get acceptedEpoch() {
        return epochs.acceptedEpoch;
      },
      get currentEpoch() {
        return epochs.currentEpoch;
      },
      setAcceptedEpoch: (epoch) => epochs.setAcceptedEpoch(epoch),
      setCurrentEpoch: (epoch) => epochs.setCurrentEpoch(epoch),
    };
    Object.defineProperties(changed, Object.getOwnPropertyDescriptors(change(epochs)));
    return { epochs: changed };
  });
}

/** Every tree that the server has, in its turn. */
export function onApply(skips: (logged: LoggedTxn, member: SimulatedMember) => boolean): Seams {
  return {
    started(simulated) {
      const { store } = simulated;
      const patched = new WeakSet<object>();
      Object.defineProperty(store, 'tree', {
        get() {
          const tree = Object.getPrototypeOf(store) as object;
          const real = Reflect.get(tree, 'tree', store) as typeof store.tree;
          if (!patched.has(real)) {
            patched.add(real);
            const apply = real.apply.bind(real);
            real.apply = (logged, prepared) => {
              const isSkipped = skips(logged, simulated) && simulated.member?.mode === 'follower';
              return isSkipped ? apply(emptyOf(logged), prepared) : apply(logged, prepared);
            };
          }
          return real;
        },
      });
    },
  };
}

/** The same place in the order, and nothing done. */
export function emptyOf(logged: LoggedTxn): LoggedTxn {
  return {
    header: { ...logged.header, type: OpCode.error },
    txn: { type: OpCode.error, body: { err: 0 } },
    digest: null,
  };
}

/** Frames of clients are changed before the server sees them; each comes as one chunk. */
export function onFrames(change: (type: number, body: Buffer, frame: Buffer) => Buffer): Seams {
  return {
    received(_member, chunk, isFirst) {
      const reader = new ByteReader(chunk, 4);
      if (isFirst) return change(OpCode.createSession, chunk.subarray(4), chunk);
      const { type } = RequestHeader.read(reader);
      return change(type, chunk.subarray(reader.pos), chunk);
    },
  };
}

export function onLeading(patch: (leading: Leading) => void): Seams {
  return {
    network: (_member, network) =>
      withNetwork(network, {
        openQuorumPort(leading) {
          patch(leading);
          network.openQuorumPort(leading);
        },
      }),
  };
}
