/** A command that cannot be understood. The message says what is wrong; `usage` is the command's own line, if it has one. */
export class UsageError extends Error {
  readonly usage: string | null;

  constructor(message: string, usage: string | null = null) {
    super(message);
    this.name = 'UsageError';
    this.usage = usage;
  }
}
