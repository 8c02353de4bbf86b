/** What the process tells whoever started it. */
export const ExitCode = {
  ok: 0,
  /** The server stopped because it could not go on, or an operation was refused. */
  failed: 1,
  /** The command line or the configuration cannot be used. */
  usage: 2,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
