import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const LINES_MAX = 1000;

/** Where lines are kept between shells; `ZOOKIT_HISTORY` names another file, and an empty one keeps nothing. */
export function historyFile(): string {
  return process.env.ZOOKIT_HISTORY ?? join(homedir(), '.zookit_history');
}

/** Lines that were entered, oldest first, in memory and in a file that only its owner can read. */
export class History {
  readonly lines: string[];
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    this.lines = readLines(file);
  }

  /** Keeps a line, unless it repeats the last one. What carries a password is never written to the file. */
  add(line: string): void {
    if (line === this.lines.at(-1)) return;
    this.lines.push(line);
    if (this.#file === '' || /^\s*addauth\b/.test(line)) return;
    try {
      appendFileSync(this.#file, `${line}\n`, { mode: 0o600 });
    } catch {
      // A home directory that cannot be written costs the history, not the shell.
    }
  }
}

function readLines(file: string): string[] {
  if (file === '') return [];
  try {
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    if (lines.length <= LINES_MAX) return lines;
    const kept = lines.slice(-LINES_MAX / 2);
    writeFileSync(file, `${kept.join('\n')}\n`, { mode: 0o600 });
    return kept;
  } catch {
    return [];
  }
}
