import type { Child } from './processes.ts';

/** A command may be a hundred of something, on a machine that is busy. */
const ANSWER_TIMEOUT_MS = 120_000;

/** A process with another client's recipes: it obeys one command a line and answers each with one line. */
export class PeerProgram implements AsyncDisposable {
  readonly child: Child;
  #asked = 0;

  private constructor(child: Child) {
    this.child = child;
  }

  /** Resolves when the program says that it is ready, which it is once it is connected. */
  static async of(child: Child): Promise<PeerProgram> {
    try {
      await child.waitFor(/^ready$/m, ANSWER_TIMEOUT_MS);
    } catch (error) {
      await child.stop('SIGKILL');
      throw error;
    }
    return new PeerProgram(child);
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
