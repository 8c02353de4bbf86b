import { Hierarchical, Majority, type QuorumVerifier } from '../../core/zab/quorum.ts';
import { isGreater } from '../../core/zab/vote.ts';
import { ElectionWorld, type MakeElector } from './election-world.ts';
import type { Rng } from './seed.ts';

const CHAOS_MS = 4000;
const CALM_MS = 20_000;
/** An election after a crash, with all delays in it; the wait for a better vote would take longer. */
const RECOVERY_MS = 100;

function randomQuorum(rng: Rng): QuorumVerifier {
  const count = rng.between(3, 7);
  const ids = Array.from({ length: count }, (_, at) => at + 1);
  if (count < 6 || rng.chance(50)) return new Majority(ids);
  const weightOf = (id: number) => (id === 3 && rng.chance(50) ? 0 : rng.between(1, 2));
  return new Hierarchical(
    [0, 1, 2].map((group) => ({
      id: group,
      weights: new Map(ids.filter((id) => id % 3 === group).map((id) => [id, weightOf(id)])),
    })),
  );
}

/** All begin at about the same time on links that are quicker than the wait: all decide for the best of them. */
export function calmStart(rng: Rng, make: MakeElector): void {
  const quorum = randomQuorum(rng);
  const world = new ElectionWorld(quorum, [], rng, make);
  world.links.delayMs = 20;
  const best = { leader: 0, zxid: -1, peerEpoch: -1 };
  for (const node of world.nodes.values()) {
    node.currentEpoch = rng.below(3);
    node.lastZxid = rng.below(3);
    const vote = { leader: node.id, zxid: node.lastZxid, peerEpoch: node.currentEpoch };
    if (quorum.weightOf(node.id) > 0 && isGreater(vote, best)) Object.assign(best, vote);
    // All are up before the first attempt to connect, so that nobody is taken for gone.
    world.agenda.after(rng.below(5), () => world.start(node.id));
  }
  world.agenda.runUntil(1000);
  world.expectConverged();
  for (const { id, elector } of world.up) {
    const { leader, electionEpoch } = elector.vote;
    if (leader !== best.leader) throw new Error(`server ${id} has ${leader} lead, not ${best.leader}`);
    if (electionEpoch !== 1) throw new Error(`server ${id} needed ${electionEpoch} rounds`);
  }
}

function disturb(world: ElectionWorld, rng: Rng): void {
  const ids = [...world.nodes.keys()];
  const id = rng.pick(ids);
  const other = rng.pick(ids.filter((each) => each !== id));
  switch (rng.weighted({ crash: 3, start: 5, cut: 3, heal: 2, write: 4, crashLeader: 1, slow: 1 })) {
    case 'crash':
      world.crash(id);
      return;
    case 'start':
      world.start(id);
      return;
    case 'cut':
      world.cut(id, other);
      return;
    case 'heal':
      world.links.healAll();
      return;
    case 'write':
      world.write();
      return;
    case 'crashLeader':
      for (const node of world.up) if (node.isEstablished) world.crash(node.id);
      return;
    case 'slow':
      world.links.delayMs = rng.pick([2, 20, 300]);
  }
}

/** Crashes, restarts, cuts and slow links; then calm, in which all must agree; then the leader dies, and it has to go fast. */
export function chaosThenCalm(rng: Rng, make: MakeElector): void {
  const quorum = randomQuorum(rng);
  const observers = [8, 9].slice(0, rng.below(3));
  const world = new ElectionWorld(quorum, observers, rng, make);
  for (const id of world.nodes.keys()) if (rng.chance(80)) world.start(id);
  while (world.agenda.nowMs < CHAOS_MS) {
    world.agenda.runUntil(world.agenda.nowMs + rng.below(120));
    disturb(world, rng);
  }
  world.links.healAll();
  world.links.delayMs = 3;
  for (const id of world.nodes.keys()) world.start(id);
  world.agenda.runUntil(CHAOS_MS + CALM_MS);
  world.expectConverged();

  const leader = world.up.find(({ isEstablished }) => isEstablished)!;
  const rest = quorum.voters.filter((id) => id !== leader.id);
  if (!quorum.contains(new Set(rest))) return;
  const diedAtMs = world.agenda.nowMs;
  world.crash(leader.id);
  world.agenda.runUntil(diedAtMs + 5000);
  world.expectConverged();
  for (const id of rest) {
    const tookMs = world.node(id).decidedAtMs - diedAtMs;
    if (tookMs > RECOVERY_MS)
      throw new Error(`server ${id} had a new leader ${tookMs} ms after the death of the old one`);
  }
}
