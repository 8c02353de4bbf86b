import process from 'node:process';

/** Says what is wrong where there is nobody to be told: Node prints it, unless the program listens to `warning`. */
export function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
