import { encode } from '../../wire/codec.ts';
import { epochOf, makeZxid } from '../../wire/ids.ts';
import { type QuorumPacket, QuorumPacketType, quorumPacketName } from '../../wire/quorum.ts';
import {
  CUTS_SNAPSHOTS,
  LEARNER_PROTOCOL_VERSION,
  LearnerInfo,
  writeAckEpoch,
} from '../../wire/quorum-payloads.ts';
import type { LearnerEffects, LearnerParts } from './learner-types.ts';
import { RoleFailure } from './role-failure.ts';

/** What ACKEPOCH says in place of the current epoch when the new epoch had been accepted before: it is no evidence then. */
const EPOCH_ACCEPTED_BEFORE = -1;

/** What the learner has answered. */
export interface Accepted {
  /** The epoch that was agreed on. */
  readonly epoch: number;
  /** The end of the log, or 0 to be sent a snapshot. */
  readonly toldZxid: number;
}

/**
 * The learner's part of discovery (ConnectAndFollowerSendFOLLOWERINFO, FollowerProcessLEADERINFO): tells the leader how far it
 * has come, and promises the new epoch.
 *
 * Invariant: the promise is on disk before it is sent. From then on no leader of an earlier epoch is followed.
 */
export class LearnerDiscovery {
  readonly #parts: LearnerParts;
  readonly #effects: LearnerEffects;

  constructor(parts: LearnerParts, effects: LearnerEffects) {
    this.#parts = parts;
    this.#effects = effects;
  }

  /** The connection to the leader stands. */
  begin(): void {
    const { kind, serverId, epochs, configVersion } = this.#parts;
    this.#effects.send({
      type: kind === 'follower' ? QuorumPacketType.FOLLOWERINFO : QuorumPacketType.OBSERVERINFO,
      zxid: makeZxid(epochs.acceptedEpoch, 0),
      data: encode(LearnerInfo, {
        serverid: serverId,
        protocolVersion: LEARNER_PROTOCOL_VERSION,
        configVersion,
      }),
      authinfo: [CUTS_SNAPSHOTS],
    });
  }

  processLEADERINFO(packet: QuorumPacket): Accepted {
    if (packet.type !== QuorumPacketType.LEADERINFO) {
      throw new RoleFailure(`the leader began with ${quorumPacketName(packet.type)} in place of LEADERINFO`);
    }
    const { epochs, lastZxid, needsSnapshot } = this.#parts;
    const epoch = epochOf(packet.zxid);
    if (epoch < epochs.acceptedEpoch) {
      throw new RoleFailure(
        `epoch ${epoch} of the leader is older than ${epochs.acceptedEpoch}, which was promised`,
      );
    }
    const isNew = epoch > epochs.acceptedEpoch;
    if (isNew) epochs.setAcceptedEpoch(epoch);
    const toldZxid = needsSnapshot === true && !isNew ? 0 : lastZxid;
    this.#effects.send({
      type: QuorumPacketType.ACKEPOCH,
      zxid: toldZxid,
      data: writeAckEpoch(isNew ? epochs.currentEpoch : EPOCH_ACCEPTED_BEFORE),
      authinfo: null,
    });
    return { epoch, toldZxid };
  }
}
