import type { LeaderChannel, Learning } from '../../core/ensemble/learning.ts';
import type { SimulatedMember } from './member.ts';
import type { Network } from './network.ts';
import { QuorumWire } from './quorum-wire.ts';

/** Like those of `core/io/quorum-connection.ts`: pauses between attempts, time for one of them, and for refusals only. */
const RETRY_MIN_MS = 2;
const RETRY_MAX_MS = 200;
const ATTEMPT_MS = 5000;
const REFUSED_LIMIT_MS = 1000;

/** Tries to reach a leader until it can, like `connectToLeader` in production. */
export function connectToSimulatedLeader(
  learner: SimulatedMember,
  leader: SimulatedMember,
  learning: Learning,
  network: Network,
): LeaderChannel {
  const { machine } = learner;
  let wire: QuorumWire | null = null;
  let isOver = false;
  let isRefused = false;
  const giveUp = (reason: string): void => {
    if (isOver || wire !== null) return;
    isOver = true;
    learning.disconnected(reason);
  };
  const attempt = (retryMs: number): void => {
    if (isOver) return;
    const again = (): void => attempt(Math.min(retryMs * 2, RETRY_MAX_MS));
    if (!network.isReachable(machine, leader.machine) || !leader.answers) {
      isRefused = false;
      machine.after(ATTEMPT_MS + retryMs, again);
      return;
    }
    const roundTripMs = network.delayMs(machine, leader.machine) + network.delayMs(leader.machine, machine);
    machine.after(roundTripMs, () => {
      if (isOver) return;
      const { leading } = leader;
      if (leading === null || !leader.machine.isUp) {
        isRefused = true;
        machine.after(retryMs, again);
        return;
      }
      wire = new QuorumWire(learner, leader, leading, learning);
      learner.cluster.trace({ kind: 'connected', server: learner.id, leader: leader.id });
      learning.connected();
    });
  };
  machine.after(0, () => attempt(RETRY_MIN_MS));
  machine.after(REFUSED_LIMIT_MS, () => {
    if (isRefused) giveUp('the leader refuses connections');
  });
  machine.after(learner.initLimitMs, () => giveUp('no connection to the leader'));
  return {
    send: (packet) => wire?.sendToLeader(packet),
    close: () => {
      isOver = true;
      wire?.closeByLearner();
    },
  };
}
