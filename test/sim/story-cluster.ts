import type { Logger } from '../../core/ports.ts';
import { type ClusterOptions, SimulatedCluster } from './cluster.ts';
import type { SimulatedMember } from './member.ts';
import { lineOf, type Shown } from './story-lines.ts';
import { StorySession } from './story-session.ts';
import type { TraceEvent } from './trace.ts';

/** Settled: nothing that a story shows has happened for so long. Longer than an election waits for better votes. */
const QUIET_MS = 250;
const LIMIT_MS = 120_000;
const SETTLE_LIMIT_MS = 20_000;
const SESSION_TIMEOUT_MS = 10_000;

/** A simulated cluster in which nothing is left to chance, its clients, and what is told of both, line by line. */
export class StoryCluster {
  readonly cluster: SimulatedCluster;
  readonly sessions = new Map<string, StorySession>();
  readonly #names = new Map<bigint, string>();
  readonly #shown = { votes: false, pings: false };
  /** What was told last of each server's role. */
  readonly #roles = new Map<number, string>();
  #lines: string[] = [];
  /** The server whose disk is about to fail. */
  #failing: SimulatedMember | null = null;
  readonly #failureCounts = new Map<SimulatedMember, number>();

  constructor(options: Omit<ClusterOptions, 'trace' | 'logger'>) {
    this.cluster = new SimulatedCluster({
      ...options,
      trace: (event) => this.#trace(event),
      logger: (member) => this.#logger(member),
    });
  }

  show(what: keyof Shown, isShown: boolean): void {
    this.#shown[what] = isShown;
  }

  say(line: string): void {
    this.#lines.push(line);
  }

  takeLines(): string[] {
    return this.#lines.splice(0);
  }

  #trace(event: TraceEvent): void {
    const isLeader = (id: number): boolean => this.cluster.member(id).member?.mode === 'leader';
    const line = lineOf(event, this.#shown, this.#names, isLeader);
    if (line === null) return;
    if (event.kind === 'role') {
      if (this.#roles.get(event.server) === line) return;
      this.#roles.set(event.server, line);
    }
    this.say(line);
  }

  /** Why a role ended, and what went wrong, in the server's own words. */
  #logger({ id }: SimulatedMember): Logger {
    const say = (message: string): void => this.say(`${id}: "${message}"`);
    return { debug() {}, info() {}, warn: say, error: say };
  }

  // -- Time ------------------------------------------------------------------------------------------------------------------

  /** One thing that happens until then, and what clients are told by it. False if there is none. */
  #step(untilMs: number): boolean {
    const { time } = this.cluster;
    let hasStepped = false;
    try {
      hasStepped = time.step(untilMs);
    } catch (error) {
      this.#died(error as Error);
      hasStepped = true;
    }
    this.#endFailed();
    for (const session of this.sessions.values()) session.heartbeat(time.nowMs);
    this.hearClients();
    return hasStepped;
  }

  hearClients(): void {
    for (const session of this.sessions.values()) {
      if (session.sessionId !== 0n) this.#names.set(session.sessionId, session.name);
      for (const line of session.takeLines()) this.say(line);
    }
  }

  /** Until nothing more happens but what time brings. */
  settle(): void {
    const { time } = this.cluster;
    const limitMs = time.nowMs + SETTLE_LIMIT_MS;
    let quietUntilMs = time.nowMs + QUIET_MS;
    for (let count = this.#lines.length; this.#step(quietUntilMs); ) {
      if (time.nowMs > limitMs) throw new Error(`not settled after ${SETTLE_LIMIT_MS} ms`);
      if (this.#lines.length === count) continue;
      count = this.#lines.length;
      quietUntilMs = time.nowMs + QUIET_MS;
    }
  }

  advance(ms: number): void {
    const untilMs = this.cluster.time.nowMs + ms;
    while (this.#step(untilMs));
  }

  /** Until a line is told that holds this text: not a moment longer. */
  until(text: string): void {
    const limitMs = this.cluster.time.nowMs + LIMIT_MS;
    let seen = this.#lines.length;
    while (this.#step(limitMs)) {
      for (; seen < this.#lines.length; seen++) if (this.#lines[seen]!.includes(text)) return;
    }
    throw new Error(`"${text}" did not happen within ${LIMIT_MS} ms: ${this.cluster.describe()}`);
  }

  // -- Clients ---------------------------------------------------------------------------------------------------------------

  openSession(name: string, server: number, timeoutMs = SESSION_TIMEOUT_MS): StorySession {
    const { time } = this.cluster;
    const session = new StorySession(name, this.cluster.member(server), timeoutMs, time.nowMs);
    this.sessions.set(name, session);
    this.hearClients();
    return session;
  }

  /** A session by its name; for a number, that of a client of the server, which comes when it is first asked for. */
  session(name: string): StorySession {
    if (/^\d+$/.test(name)) {
      const known = this.sessions.get(`client-${name}`);
      return known?.isClosed === false ? known : this.openSession(`client-${name}`, Number(name));
    }
    const session = this.sessions.get(name);
    if (session === undefined) throw new Error(`there is no session ${name}`);
    return session;
  }

  // -- Disks that fail -------------------------------------------------------------------------------------------------------

  failDisk(server: number, action: 'write' | 'datasync' | 'rename', path: RegExp): void {
    const member = this.cluster.member(server);
    member.files.planFault({ action, path, code: 'EIO' });
    this.#failing = member;
  }

  /** What nobody catches ends the process. */
  #died(error: Error): void {
    const member = this.#failing;
    if (member === null || !error.message.startsWith('EIO')) throw error;
    this.#end(member, error);
  }

  /** A server whose disk fails ends its process, as production does. */
  #endFailed(): void {
    for (const member of this.cluster.members) {
      const { failures } = member;
      if (failures.length === (this.#failureCounts.get(member) ?? 0)) continue;
      this.#failureCounts.set(member, failures.length);
      this.#end(member, failures.at(-1)!);
    }
  }

  #end(member: SimulatedMember, error: Error): void {
    this.say(`${member.id}: ends: ${error.message}`);
    this.#failing = null;
    member.crash({ isKill: true });
  }
}
