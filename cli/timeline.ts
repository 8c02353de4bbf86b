import colors from 'picocolors';

/** Lines of what happened, each with the seconds since the beginning and who did it. */
export class Timeline {
  readonly #print: (line: string) => void;
  readonly #whoWidth: number;
  #startedMs = performance.now();

  /** `whoWidth`: columns for the names, so that what they did stands below each other. */
  constructor(print: (line: string) => void, whoWidth = 0) {
    this.#print = print;
    this.#whoWidth = whoWidth;
  }

  /** Seconds count from here. */
  begin(): void {
    this.#startedMs = performance.now();
  }

  /** A line outside the story. */
  print(line: string): void {
    this.#print(line);
  }

  say(who: string, text: string, paint: (text: string) => string = String): void {
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(1).padStart(5);
    this.#print(`  ${colors.dim(`${seconds} s`)}  ${paint(who.padEnd(this.#whoWidth))}  ${text}`);
  }
}
