import { OpCode } from '../../wire/opcodes.ts';
import type { Answer } from './answer.ts';
import type { Step } from './step.ts';

/** What the generator knows of one session. */
export interface SessionModel {
  state: 'new' | 'connected' | 'dropped';
  /** Paths by the kind of watch that the present connection may hold there; kept apart, see `WatchModel`. */
  watches: WatchModel;
}

/**
 * Apache ZooKeeper 3.8 holds one mode of watch for a connection and path, 3.9 any number, so that sequences that mix them say
 * nothing. What is set here is what was asked for, whether or not the server granted it.
 */
export class WatchModel {
  readonly standard = new Set<string>();
  readonly persistent = new Set<string>();
  readonly recursive = new Set<string>();

  may(mode: 'standard' | 'persistent' | 'recursive', path: string): boolean {
    for (const other of ['standard', 'persistent', 'recursive'] as const) {
      if (other !== mode && this[other].has(path)) return false;
    }
    return true;
  }

  forget(path: string): void {
    this.standard.delete(path);
    this.persistent.delete(path);
    this.recursive.delete(path);
  }
}

/** What the generator knows of the tree and the sessions: enough to make most operations meaningful. */
export class Model {
  readonly sessions: SessionModel[];
  /** Nodes that are there, by the answers so far; those that went with their sessions stay until an answer says so. */
  readonly nodes = new Set<string>();
  /** Whether both servers have counted for quotas from the same moment on; a restart counts anew, each in its own way. */
  quotaCountsAgree = true;

  constructor(sessionCount: number) {
    this.sessions = Array.from({ length: sessionCount }, () => ({ state: 'new', watches: new WatchModel() }));
  }

  /** Both servers are gone; sessions that were connected can be resumed at others. */
  allDropped(): void {
    this.quotaCountsAgree = false;
    for (const session of this.sessions) if (session.state === 'connected') session.state = 'dropped';
  }

  learn(step: Step, answer: Answer): void {
    const session = this.sessions[step.session]!;
    switch (step.do) {
      case 'connect':
      case 'resume':
        if (answer.outcome === 'connected') {
          session.state = 'connected';
          session.watches = new WatchModel();
        }
        return;
      case 'drop':
        session.state = 'dropped';
        return;
      case 'close':
        session.state = 'new';
        return;
      case 'auth':
        if (answer.err !== 0) session.state = 'dropped';
        return;
      case 'burst': {
        const replies = (answer.stream ?? []).filter((item) => 'err' in item);
        for (const [at, request] of step.requests.entries()) {
          const reply = replies[at];
          if (reply !== undefined) this.#learnNodes(request, { outcome: 'reply', events: [], ...reply });
        }
        if (answer.outcome === 'hung-up') session.state = 'dropped';
        return;
      }
      default:
        if (answer.outcome === 'hung-up') session.state = 'dropped';
        this.#learnNodes(step, answer);
    }
  }

  /** What is written to quota nodes must make sense: Apache ZooKeeper ends at one that does not. */
  #add(path: string): void {
    if (!path.startsWith('/zookeeper/')) this.nodes.add(path);
  }

  #learnNodes(step: Step, answer: Answer): void {
    if (step.do === 'request') {
      const { path } = step.body;
      const created = (answer.body as { path?: string } | undefined)?.path;
      if (answer.err === 0 && isCreate(step.type) && created !== undefined) this.#add(created);
      if (
        typeof path === 'string' &&
        (answer.err === -101 || (answer.err === 0 && step.type === OpCode.delete))
      ) {
        this.nodes.delete(path);
      }
      return;
    }
    if (step.do !== 'multi' || !Array.isArray(answer.body)) return;
    for (const [at, result] of (
      answer.body as { type: number; body: { path?: string } | null }[]
    ).entries()) {
      if (isCreate(result.type) && result.body?.path !== undefined) this.#add(result.body.path);
      const path = step.ops[at]?.body.path;
      if (result.type === OpCode.delete && path !== undefined) this.nodes.delete(path);
    }
  }
}

function isCreate(type: number): boolean {
  return (
    type === OpCode.create ||
    type === OpCode.create2 ||
    type === OpCode.createContainer ||
    type === OpCode.createTTL
  );
}
