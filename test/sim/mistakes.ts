import type { QuorumVerifier, ServerId } from '../../core/zab/quorum.ts';
import { ByteReader } from '../../wire/bytes.ts';
import { encode } from '../../wire/codec.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { type QuorumPacket, QuorumPacketType } from '../../wire/quorum.ts';
import { RequestHeader, SetWatches2, WatchedPathRequest } from '../../wire/requests.ts';
import { connectRequest } from '../kit/fake-client.ts';
import { framed } from '../kit/raw-client.ts';
import type { Seams } from './cluster.ts';
import {
  emptyOf,
  onApply,
  onConnection,
  onEpochs,
  onFrames,
  onLeading,
  onParts,
  withNetwork,
} from './mistake-seams.ts';
import type { Profile } from './plan.ts';
import { profiles } from './profiles.ts';

/** What servers are made to do wrong, and the storms in which it shows. */
export interface Mistake {
  readonly seams: Seams;
  readonly profile: Profile;
}

/** Few servers and short storms, so that many runs take little time. */
const small = { voters: 3, observers: 0, groups: null, dataBytes: 0, stormMs: 5_000 } as const;
const inSmall = (profile: Profile): Profile => ({
  ...profile,
  options: { ...profile.options, committedCount: 500, snapCount: 1000, ...small },
});
const losses = inSmall(profiles.losses);
const partitions = inSmall(profiles.partitions);
const elections = inSmall(profiles.elections);
const lags = inSmall(profiles.lags);
const quiet = inSmall(profiles.quiet);

const ack = (zxid: number): QuorumPacket => ({
  type: QuorumPacketType.ACK,
  zxid,
  data: null,
  authinfo: null,
});

function countingTwice(quorum: QuorumVerifier, self: ServerId): QuorumVerifier {
  return {
    voters: quorum.voters,
    weightOf: (server) => quorum.weightOf(server),
    contains(servers) {
      const others = quorum.voters.find((voter) => !servers.has(voter));
      const more = others === undefined || !servers.has(self) ? servers : new Set([...servers, others]);
      return quorum.contains(more);
    },
  };
}

export const mistakes: Readonly<Record<string, Mistake>> = {
  'a follower acknowledges before the sync': {
    profile: losses,
    seams: {
      started({ store }, member) {
        const append = store.append.bind(store);
        store.append = (zxid, bytes) => {
          append(zxid, bytes);
          if (member.mode === 'follower') member.durable(zxid);
        };
      },
    },
  },
  'a server counts its own vote twice': {
    profile: partitions,
    seams: onParts(({ id }, { quorum }) => ({ quorum: countingTwice(quorum, id) })),
  },
  'a TRUNC is not carried out': {
    profile: partitions,
    seams: onConnection({
      heard: (packet) =>
        packet.type === QuorumPacketType.TRUNC ? { ...packet, type: QuorumPacketType.DIFF } : packet,
    }),
  },
  'a leader commits what is of an older epoch before a quorum has it': {
    profile: losses,
    seams: onLeading((leading) => {
      const take = leading.packet.bind(leading);
      leading.packet = (handler, packet) => {
        take(handler, packet);
        if (packet.type !== QuorumPacketType.ACKEPOCH || handler.phase !== 'acknowledgement') return;
        take(handler, ack(leading.leader.epoch! * 0x1_0000_0000));
      };
    }),
  },
  'a follower acknowledges NEWLEADER before its history is on disk': {
    profile: losses,
    seams: onConnection({
      heard(packet, say) {
        if (packet.type === QuorumPacketType.NEWLEADER) say(ack(packet.zxid));
        return packet;
      },
    }),
  },
  'what is outstanding is lost when a role ends': {
    profile: partitions,
    seams: {
      network: (member, network) =>
        withNetwork(network, {
          connect(leader, learning) {
            const stop = learning.stop.bind(learning);
            learning.stop = (reason) => {
              const { tree } = member.store;
              const apply = tree.apply.bind(tree);
              tree.apply = (logged) => apply(emptyOf(logged));
              stop(reason);
              tree.apply = apply;
            };
            return network.connect(leader, learning);
          },
        }),
    },
  },
  'acceptedEpoch is forgotten': {
    profile: elections,
    seams: onEpochs((epochs) => {
      let accepted = epochs.currentEpoch;
      return {
        get acceptedEpoch() {
          return accepted;
        },
        setAcceptedEpoch(epoch) {
          accepted = epoch;
        },
        setCurrentEpoch(epoch) {
          if (epoch > epochs.acceptedEpoch) epochs.setAcceptedEpoch(epoch);
          epochs.setCurrentEpoch(epoch);
        },
      };
    }),
  },
  'currentEpoch is written when the epoch is accepted': {
    profile: elections,
    seams: onEpochs((epochs) => ({
      setAcceptedEpoch(epoch) {
        epochs.setAcceptedEpoch(epoch);
        epochs.setCurrentEpoch(epoch);
      },
    })),
  },
  'an epoch is used again': {
    profile: losses,
    seams: onEpochs((epochs) => ({
      get acceptedEpoch() {
        return Math.max(0, epochs.acceptedEpoch - 1);
      },
      setAcceptedEpoch(epoch) {
        if (epoch > epochs.acceptedEpoch) epochs.setAcceptedEpoch(epoch);
      },
      setCurrentEpoch(epoch) {
        if (epoch > epochs.currentEpoch) epochs.setCurrentEpoch(epoch);
      },
    })),
  },
  'a follower skips a transaction': {
    profile: quiet,
    seams: onApply(({ header }) => header.zxid % 16 === 9),
  },
  'a follower does not end sessions': {
    profile: quiet,
    seams: onApply(({ header }) => header.type === OpCode.closeSession),
  },
  'watches are dropped when a session moves': {
    profile: quiet,
    seams: onFrames((type, body, frame) => {
      if (type !== OpCode.setWatches2) return frame;
      const { relativeZxid } = SetWatches2.read(new ByteReader(body));
      const none = {
        relativeZxid,
        dataWatches: [],
        existWatches: [],
        childWatches: [],
        persistentWatches: [],
        persistentRecursiveWatches: [],
      };
      return framed(Buffer.concat([frame.subarray(4, 12), encode(SetWatches2, none)]));
    }),
  },
  'a server that lags takes a client that has seen more': {
    profile: lags,
    seams: onFrames((type, body, frame) => {
      if (type !== OpCode.createSession) return frame;
      const reader = new ByteReader(body);
      reader.readInt();
      reader.readLongExact();
      const timeoutMs = reader.readInt();
      const sessionId = reader.readLong();
      return framed(connectRequest({ timeoutMs, sessionId, password: reader.readBuffer(), lastZxidSeen: 0 }));
    }),
  },
  'a session ends although it was heard of': {
    profile: quiet,
    seams: onConnection({
      said: (packet) =>
        packet.type === QuorumPacketType.PING ? { ...packet, data: Buffer.alloc(0) } : packet,
    }),
  },
  'a read is answered before the write that its session sent first': {
    profile: quiet,
    seams: {
      connected: (_member, connection) => {
        Object.defineProperty(connection, 'waitingCount', { value: 0 });
      },
    },
  },
  'a sync is answered without asking the leader': {
    profile: lags,
    seams: onFrames((type, _body, frame) => {
      if (type !== OpCode.sync) return frame;
      const xid = frame.readInt32BE(4);
      return framed(
        Buffer.concat([
          encode(RequestHeader, { xid, type: OpCode.exists }),
          encode(WatchedPathRequest, { path: '/', watch: false }),
        ]),
      );
    }),
  },
};
