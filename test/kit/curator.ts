import { startJava } from './java-programs.ts';
import type { Child } from './processes.ts';

/** A command may be a hundred of something, on a machine that is busy. */
const ANSWER_TIMEOUT_MS = 120_000;
/** Long, so that a machine that is busy elsewhere ends no session. */
const SESSION_TIMEOUT_MS = 30_000;

export interface CuratorOptions {
  /** Of its session; for a process that is to be killed, a short one is waited for. */
  readonly sessionTimeoutMs?: number;
  /** What the program wants to know besides. */
  readonly args?: readonly string[];
}

/** One of the programs of test/interop/java with Curator in it: it obeys one command a line and answers with one line. */
export class CuratorProcess implements AsyncDisposable {
  readonly child: Child;
  #asked = 0;

  private constructor(child: Child) {
    this.child = child;
  }

  /** Starts a program and resolves when it is connected. */
  static async start(
    program: string,
    connectString: string,
    options: CuratorOptions = {},
  ): Promise<CuratorProcess> {
    const { sessionTimeoutMs = SESSION_TIMEOUT_MS, args = [] } = options;
    const child = startJava(program, [connectString, `${sessionTimeoutMs}`, ...args]);
    await child.waitFor(/^ready$/m, ANSWER_TIMEOUT_MS);
    return new CuratorProcess(child);
  }

  /**
   * Gives a command; resolves with the answer to it, which the program prints as `<number of the command> <answer>`. Rejects when
   * the command failed.
   */
  async ask(command: string): Promise<string> {
    const number = ++this.#asked;
    this.child.process.stdin!.write(`${number} ${command}\n`);
    const answer = (await this.hear(new RegExp(`^${number} (.*)\n`, 'm')))[1]!;
    if (answer.startsWith('failed ')) throw new Error(`${command}: ${answer}`);
    return answer;
  }

  /** What the program says by itself, or has said. */
  hear(pattern: RegExp): Promise<RegExpExecArray> {
    return this.child.waitFor(pattern, ANSWER_TIMEOUT_MS);
  }

  /** The answers so far. */
  get answers(): readonly string[] {
    return [...this.child.output.matchAll(/^\d+ (.*)\n/gm)].map(([, answer]) => answer!);
  }

  /** Leaves without a word: its session lasts on until it expires. */
  async kill(): Promise<void> {
    await this.child.stop('SIGKILL');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.child[Symbol.asyncDispose]();
  }
}
