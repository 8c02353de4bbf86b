import colors from 'picocolors';
import type { Timeline } from '../timeline.ts';
import type { LocalEnsemble } from './local-ensemble.ts';
import type { LocalMember } from './local-member.ts';
import type { SteadyWriter } from './steady-writer.ts';

/** Kills the leader before the user's eyes and starts it again, with a writer as the witness. */
export class LeaderKill {
  readonly #ensemble: LocalEnsemble;
  readonly #writer: SteadyWriter;
  readonly #timeline: Timeline;
  #killed: LocalMember | null = null;

  constructor(ensemble: LocalEnsemble, writer: SteadyWriter, timeline: Timeline) {
    this.#ensemble = ensemble;
    this.#writer = writer;
    this.#timeline = timeline;
  }

  /** Kills the leader; resolves when another leads and writes go on. */
  async kill(): Promise<void> {
    const leader = await this.#ensemble.leader();
    this.#killed = leader;
    this.#timeline.say(leader.title, colors.red('killed (SIGKILL) while it leads'));
    this.#writer.forgetGaps();
    const killedMs = performance.now();
    const gone = leader.kill();
    const next = await this.#ensemble.leader(leader);
    const electedMs = performance.now() - killedMs;
    await this.#writer.nextAck();
    await gone;
    this.#timeline.say(next.title, `leads           ${strong(electedMs)} after the kill`);
    this.#timeline.say(
      'writes',
      `go on           none was acknowledged for ${strong(this.#writer.longestGapMs)}`,
    );
  }

  /** Starts the killed server again; resolves when it is up to date and serves. */
  async restart(): Promise<void> {
    const member = this.#killed;
    if (member === null) return;
    const backMs = await this.#ensemble.restart(member);
    this.#timeline.say(member.title, `follows         ${strong(backMs)} after it was started again`);
  }
}

function strong(milliseconds: number): string {
  return colors.bold(`${Math.round(milliseconds)} ms`);
}
