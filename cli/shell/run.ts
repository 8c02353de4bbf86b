import { ExitCode } from '../exit-codes.ts';
import type { ShellContext } from './command.ts';
import { commandNamed } from './commands.ts';
import { parseOptions } from './options.ts';
import { UsageError } from './usage-error.ts';

/** Runs one command. Whatever goes wrong is said through `complain`, and the status tells of what kind it was. */
export async function runCommand(
  words: readonly string[],
  context: ShellContext,
  complain: (message: string) => void,
): Promise<ExitCode> {
  const [name = '', ...rest] = words;
  try {
    const command = commandNamed(name);
    await command.run(context, parseOptions(rest, command));
    return ExitCode.ok;
  } catch (error) {
    if (error instanceof UsageError) {
      complain(error.usage === null ? error.message : `${name}: ${error.message}\nusage: ${error.usage}`);
      return ExitCode.usage;
    }
    complain(error instanceof Error ? error.message : String(error));
    return ExitCode.failed;
  }
}
