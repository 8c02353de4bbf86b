import { UsageError } from './usage-error.ts';

export interface ShellArguments {
  readonly connectString: string;
  readonly sessionTimeoutMs: number;
  readonly readOnly: boolean;
  /** The command to run; empty for a prompt. */
  readonly command: readonly string[];
}

const USAGE =
  'zookit shell [-server host:port[,host:port][/chroot]] [-timeout ms] [-r] [command [arguments]]';

/** Reads what stands before the command, with the options of ZooKeeper's own CLI. */
export function parseShellArguments(args: readonly string[]): ShellArguments {
  let connectString = '127.0.0.1:2181';
  let sessionTimeoutMs = 30_000;
  let readOnly = false;
  let i = 0;
  for (; i < args.length && args[i]!.startsWith('-'); i++) {
    const option = args[i]!.replace(/^--?/, '');
    if (option === 'r' || option === 'readonly') {
      readOnly = true;
      continue;
    }
    const value = args[++i];
    if (option !== 'server' && option !== 'timeout')
      throw new UsageError(`${args[i - 1]} is not an option`, USAGE);
    if (value === undefined) throw new UsageError(`-${option} needs a value`, USAGE);
    if (option === 'server') connectString = value;
    else sessionTimeoutMs = timeoutOf(value);
  }
  return { connectString, sessionTimeoutMs, readOnly, command: args.slice(i) };
}

function timeoutOf(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 2 ** 31 - 1) {
    throw new UsageError(`-timeout ${text}: expected milliseconds`, USAGE);
  }
  return value;
}
