import type { WatchListener } from '../../client/watches.ts';
import type { ShellClient } from './client.ts';
import type { Options, Signature } from './options.ts';

/** What a command has to work with. */
export interface ShellContext {
  readonly client: ShellClient;
  /** Ends what the command waits for. */
  readonly signal: AbortSignal;
  /** Lines that were entered before, oldest first. */
  readonly history: readonly string[];
  print(line: string): void;
  /** Gives a listener for a one-shot watch, which prints what happens. */
  watch(): WatchListener;
}

export interface Command extends Signature {
  readonly name: string;
  readonly summary: string;
  /** Whether the first argument is the path of a node, so that it can be completed. */
  readonly takesPath: boolean;
  run(context: ShellContext, options: Options): Promise<void>;
}
