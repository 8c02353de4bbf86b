import type { SimulatedCluster } from './cluster.ts';
import type { Step } from './plan.ts';
import type { SimClient } from './sim-client.ts';

/** Does what a step says, where that makes sense now: a server that is up is not started. */
export function performStep(step: Step, cluster: SimulatedCluster, clients: readonly SimClient[]): void {
  switch (step.kind) {
    case 'crash': {
      const member = cluster.member(step.server);
      if (member.isUp) member.crash(step);
      return;
    }
    case 'crash at change':
      cluster.member(step.server).crashAtChange(step.after);
      return;
    case 'start': {
      const member = cluster.member(step.server);
      if (!member.isUp) member.start();
      return;
    }
    case 'stall':
      cluster.member(step.server).machine.stall();
      return;
    case 'resume':
      cluster.member(step.server).machine.resume();
      return;
    case 'slow disk':
    case 'fast disk':
      cluster.member(step.server).disk.setSlow(step.kind === 'slow disk');
      return;
    case 'block':
      for (const [from, to] of step.ways) cluster.blockWay(from, to, step.mode);
      return;
    case 'heal':
      cluster.heal();
      return;
    case 'cut':
      cluster.cut(step.one, step.other);
      return;
    case 'slow way':
      cluster.slowWay(step.from, step.to, step.extraMs);
      return;
    case 'drift':
      cluster.member(step.server).machine.drift(step.rate);
      return;
    case 'skew':
      cluster.member(step.server).machine.wallSkewMs = step.skewMs;
      return;
    case 'ask':
      clients[step.client]!.ask(step.op);
      return;
    case 'move':
      clients[step.client]!.move(cluster.member(step.server), step.isDropped);
      return;
    case 'drop':
    case 'close':
    case 'silence':
      clients[step.client]![step.kind]();
      return;
  }
}
