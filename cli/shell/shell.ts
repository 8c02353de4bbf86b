import { connect, type ZooKeeperClient } from '../../client/index.ts';
import { ExitCode } from '../exit-codes.ts';
import { parseShellArguments, type ShellArguments } from './arguments.ts';
import { complain, runInteractive } from './interactive.ts';
import { runCommand } from './run.ts';
import { UsageError } from './usage-error.ts';
import { Watching } from './watching.ts';

/** Time to reach a server before the shell gives up. */
const CONNECT_TIMEOUT_MS = 5000;

/** `zookit shell`: one command, or a prompt; ends the process with its status. */
export async function runShell(args: readonly string[]): Promise<void> {
  const parsed = parseOrFail(args);
  const [name] = parsed.command;
  const client = await connectOrFail(parsed);
  const session = { client, connectString: parsed.connectString, state: () => client.state ?? 'connecting' };
  const status = name === undefined ? await runInteractive(session) : await runOnce(client, parsed.command);
  await client.close();
  process.exitCode = status;
}

/** Runs a command, and with a watch waits until it fires or the user interrupts. */
async function runOnce(client: ZooKeeperClient, words: readonly string[]): Promise<ExitCode> {
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
  const watching = new Watching(print);
  const { signal } = interrupted;
  const context = { client, signal, history: [], print, watch: () => watching.listener() };
  const status = await runCommand(words, context, complain);
  if (status === ExitCode.ok && watching.armed > 0) await watching.next(signal);
  return status;
}

function parseOrFail(args: readonly string[]): ShellArguments {
  try {
    return parseShellArguments(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    complain(`zookit shell: ${error.message}\nusage: ${error.usage ?? ''}`);
    process.exit(ExitCode.usage);
  }
}

async function connectOrFail({
  connectString,
  sessionTimeoutMs,
  readOnly,
}: ShellArguments): Promise<ZooKeeperClient> {
  try {
    return await connect(connectString, {
      sessionTimeoutMs,
      readOnly,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    complain(
      `${reason}\nIs a server running there? \`zookit dev\` starts one; -server host:port names another.`,
    );
    process.exit(ExitCode.failed);
  }
}
