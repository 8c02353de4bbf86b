import { createInterface, type Interface } from 'node:readline';
import colors from 'picocolors';
import { ExitCode } from '../exit-codes.ts';
import type { ShellClient } from './client.ts';
import { commands } from './commands.ts';
import { completions } from './complete.ts';
import { History, historyFile } from './history.ts';
import { runCommand } from './run.ts';
import { UsageError } from './usage-error.ts';
import { Watching } from './watching.ts';
import { splitWords } from './words.ts';

export interface Session {
  readonly client: ShellClient;
  readonly connectString: string;
  /** How the client stands to the server, for the prompt. */
  state(): string;
}

/**
 * Reads lines and runs them until `quit` or the end of the input. On a terminal there is a prompt, a history that is kept, and
 * completion with the tab key; Ctrl-C ends what a command waits for. Otherwise the input is a script: the status is that of
 * the last line that failed.
 */
export async function runInteractive(session: Session): Promise<ExitCode> {
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  return terminal ? new Prompt(session).run() : runScript(session);
}

async function runScript({ client }: Session): Promise<ExitCode> {
  let status: ExitCode = ExitCode.ok;
  const lines: string[] = [];
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const watching = new Watching(print);
  for await (const line of createInterface({ input: process.stdin })) {
    const words = wordsOf(line, complain);
    if (words === null) status = ExitCode.usage;
    else if (words[0] === 'quit') break;
    else if (words.length > 0) {
      lines.push(line);
      const { signal } = new AbortController();
      const context = { client, signal, history: lines, print, watch: () => watching.listener() };
      const ended = await runCommand(words, context, complain);
      if (ended !== ExitCode.ok) status = ended;
    }
  }
  return status;
}

class Prompt {
  readonly #session: Session;
  readonly #history = new History(historyFile());
  readonly #readline: Interface;
  readonly #watching = new Watching((line) => this.#printAside(line));
  #running: AbortController | null = null;

  constructor(session: Session) {
    this.#session = session;
    this.#readline = createInterface({
      input: process.stdin,
      output: process.stdout,
      history: [...this.#history.lines].reverse(),
      historySize: 1000,
      removeHistoryDuplicates: true,
      completer: (line: string, done: (error: Error | null, result: [string[], string]) => void) => {
        completions(line, commands, (path) => session.client.children(path).catch(() => [])).then(
          (result) => done(null, result),
          () => done(null, [[], line]),
        );
      },
    });
    this.#readline.on('SIGINT', () => this.#interrupt());
  }

  async run(): Promise<ExitCode> {
    process.stdout.write(
      `Connected to ${this.#session.connectString}. ${colors.dim('help lists the commands.')}\n`,
    );
    this.#prompt();
    for await (const line of this.#readline) {
      if (line.trim() !== '') this.#history.add(line);
      const words = wordsOf(line, complain);
      if (words?.[0] === 'quit') break;
      if (words !== null && words.length > 0) await this.#execute(words);
      this.#prompt();
    }
    this.#readline.close();
    return ExitCode.ok;
  }

  async #execute(words: string[]): Promise<void> {
    this.#running = new AbortController();
    const context = {
      client: this.#session.client,
      signal: this.#running.signal,
      history: this.#history.lines,
      print: (line: string) => void process.stdout.write(`${line}\n`),
      watch: () => this.#watching.listener(),
    };
    await runCommand(words, context, complain);
    this.#running = null;
  }

  #interrupt(): void {
    if (this.#running !== null) {
      this.#running.abort(new Error('interrupted'));
    } else if (this.#readline.line === '') {
      process.stdout.write('\n');
      this.#readline.close();
    } else {
      process.stdout.write('\n');
      this.#readline.write(null, { ctrl: true, name: 'u' });
      this.#prompt();
    }
  }

  #prompt(): void {
    const { connectString, state } = this.#session;
    this.#readline.setPrompt(
      `[zk: ${connectString}(${state().toUpperCase()}) ${this.#history.lines.length}] `,
    );
    this.#readline.prompt();
  }

  /** Prints what nobody asked for just now, above the line that is being typed. */
  #printAside(line: string): void {
    process.stdout.write(`\r\x1b[K${colors.cyan(line)}\n`);
    if (this.#running === null) this.#readline.prompt(true);
  }
}

function wordsOf(line: string, say: (message: string) => void): string[] | null {
  try {
    return splitWords(line);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(error.message);
    return null;
  }
}

export function complain(message: string): void {
  process.stderr.write(`${process.stderr.isTTY ? colors.red(message) : message}\n`);
}
