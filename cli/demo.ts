import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import colors from 'picocolors';
import { DEMO_SESSION_TIMEOUT_MS, type FromContender, type ToContender } from './demo-messages.ts';
import type { Timeline } from './timeline.ts';

const NAMES = ['A', 'B', 'C'] as const;
const paint = [colors.cyan, colors.magenta, colors.yellow] as const;

/** How long each holds the lock, at least. */
const HOLD_MS = 400;
/** Time for the whole; far above what it takes. */
const DEADLINE_MS = 60_000;

/** What is shown, turn by turn; turns count from 1. */
export interface DemoPlan {
  readonly turns: number;
  /** The turn whose holder is killed. From the third on: nobody releases the lock before all have been in line for it. */
  readonly killAtTurn: number;
  /** What else happens while the holder of a turn has the lock. */
  readonly during: ReadonlyMap<number, () => Promise<void>>;
}

const LOCK_ONLY: DemoPlan = { turns: 6, killAtTurn: 4, during: new Map() };

interface Contender {
  readonly name: (typeof NAMES)[number];
  readonly process: ChildProcess;
}
interface Report {
  readonly contender: Contender;
  readonly message: FromContender;
}

/**
 * The live demonstration: three processes take turns on one lock, the holder is killed, and the next takes over when the
 * session of the dead one has run out. `close` ends its processes at any time.
 */
export class Demo {
  readonly #connectString: string;
  readonly #timeline: Timeline;
  readonly #plan: DemoPlan;
  readonly #contenders: Contender[] = [];
  readonly #reports: Report[] = [];
  #wake: () => void = () => {};
  #failure: Error | null = null;

  constructor(connectString: string, timeline: Timeline, plan: DemoPlan = LOCK_ONLY) {
    this.#connectString = connectString;
    this.#timeline = timeline;
    this.#plan = plan;
  }

  /** Rejects when a contender fails or nothing happens for too long. */
  async run(): Promise<void> {
    this.#timeline.begin();
    const deadline = setTimeout(() => this.#fail(new Error('took too long')), DEADLINE_MS);
    try {
      for (const name of NAMES) this.#fork(name);
      await this.#takeTurns();
    } finally {
      clearTimeout(deadline);
      await this.close();
    }
    this.#timeline.print('');
  }

  /** Stops the contenders that are left; resolves when they are gone. */
  async close(): Promise<void> {
    await Promise.all(
      this.#contenders.splice(0).map(({ process }) => {
        if (process.exitCode !== null || process.signalCode !== null) return null;
        const gone = new Promise((resolve) => process.once('exit', resolve));
        if (process.connected) process.send('stop' satisfies ToContender);
        const killer = setTimeout(() => process.kill('SIGKILL'), 2000);
        return gone.finally(() => clearTimeout(killer));
      }),
    );
  }

  async #takeTurns(): Promise<void> {
    const { turns, killAtTurn, during } = this.#plan;
    let killedMs: number | null = null;
    let alive: number = NAMES.length;
    for (let turn = 1; turn <= turns; turn++) {
      const { contender, fencingToken } = await this.#nextHolder();
      const token = colors.bold(`fencing token ${fencingToken}`);
      if (killedMs === null) {
        this.#say(contender, `has the lock    ${token}`);
      } else {
        const seconds = ((performance.now() - killedMs) / 1000).toFixed(1);
        const timeout = `session timeout ${DEMO_SESSION_TIMEOUT_MS / 1000} s`;
        this.#say(contender, `takes over      ${token}    ${seconds} s after the kill (${timeout})`);
        killedMs = null;
      }
      const held = new Promise((resolve) => setTimeout(resolve, HOLD_MS));
      await Promise.all([held, during.get(turn)?.()]);
      if (turn === killAtTurn) {
        contender.process.kill('SIGKILL');
        alive--;
        killedMs = performance.now();
        this.#say(contender, colors.red('killed (SIGKILL) while it holds the lock'));
      } else if (contender.process.connected) {
        contender.process.send({ releaseWhenInLine: alive } satisfies ToContender);
      }
    }
  }

  async #nextHolder(): Promise<{ contender: Contender; fencingToken: number }> {
    for (;;) {
      const report = this.#reports.shift();
      if (this.#failure !== null) throw this.#failure;
      if (report === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      } else if (report.message.type === 'acquired') {
        return { contender: report.contender, fencingToken: report.message.fencingToken };
      } else if (report.message.type === 'failed') {
        throw new Error(`contender ${report.contender.name}: ${report.message.message}`);
      }
    }
  }

  #fork(name: Contender['name']): void {
    const script = fileURLToPath(new URL('./demo-contender.js', import.meta.url));
    const contender = { name, process: fork(script, [this.#connectString]) };
    this.#contenders.push(contender);
    contender.process.on('message', (message: FromContender) => {
      this.#reports.push({ contender, message });
      this.#wake();
    });
    contender.process.on('error', (error) => this.#fail(error));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  #say({ name, process }: Contender, text: string): void {
    this.#timeline.say(`${name} (pid ${process.pid ?? '?'})`, text, paint[NAMES.indexOf(name)]);
  }
}
