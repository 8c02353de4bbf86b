import { Command, InvalidArgumentError } from 'commander';
import { ZOOKIT_VERSION } from '../core/version.ts';
import { ExitCode } from './exit-codes.ts';

// Each command loads its own modules when it is run, so that help comes at once.
const program = new Command('zookit')
  .description('ZooKeeper for TypeScript: a server, a shell, and a demonstration')
  .version(ZOOKIT_VERSION)
  .enablePositionalOptions()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? ExitCode.ok : ExitCode.usage));

program
  .command('server')
  .description('run one server in the foreground, as an ordinary zoo.cfg says')
  .argument('<zoo.cfg>', 'configuration file')
  .action(async (path: string) => {
    const { runServer } = await import('./server.ts');
    await runServer(path);
  });

program
  .command('shell')
  .description('look at a tree and change it: one command, or a prompt when none is given')
  .usage('[-server host:port[/chroot]] [-timeout ms] [command [arguments]]')
  .argument('[arguments...]')
  .allowUnknownOption()
  .passThroughOptions()
  .addHelpText('after', '\nIn the shell, `help` lists the commands.')
  .action(async (args: string[]) => {
    const { runShell } = await import('./shell/shell.ts');
    await runShell(args);
  });

program
  .command('dev')
  .description('run servers for development and show what they can do')
  .option('--servers <n>', 'one server, or an ensemble of so many processes', serversOf, 1)
  .option('--port <port>', 'port to listen on, the next free ones where it is taken', portOf, 2181)
  .option('--data <directory>', 'where the data is kept: ./data for one server, else a temporary directory')
  .option('--no-demo', 'serve only, without the demonstration')
  .action(async (options: { servers: number; port: number; data?: string; demo: boolean }) => {
    const { servers, port, data, demo } = options;
    if (servers === 1) {
      const { runDev } = await import('./dev.ts');
      await runDev({ port, data: data ?? './data', demo });
    } else {
      const { runDevEnsemble } = await import('./ensemble/dev-ensemble.ts');
      await runDevEnsemble({ servers, port, data: data ?? null, demo });
    }
  });

function serversOf(text: string): number {
  const servers = Number(text);
  if (!/^[13579]$/.test(text)) {
    throw new InvalidArgumentError(
      'Expected 1, 3, 5, 7 or 9: one server more than that does not survive the loss of one more.',
    );
  }
  return servers;
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('Expected a port from 0 to 65535.');
  return port;
}

/** Reads the command line and runs what it says; ends the process with status 2 when it cannot be understood. */
export async function runProgram(): Promise<void> {
  await program.parseAsync();
}
