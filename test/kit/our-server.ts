import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from './processes.ts';

/** The machine may be busy with other things. */
const PATIENCE_MS = 120_000;

export interface OurServerOptions {
  /** The command line's entry file, see `buildPackage`. */
  readonly main: string;
  /** An existing directory; zoo.cfg and the data go into it and stay there. */
  readonly directory: string;
  /** More lines of zoo.cfg; they win over those above them. */
  readonly configLines?: readonly string[];
}

/** `zookit server` as a process of its own, as users run it: what can be killed, and measured from outside. */
export class OurServer implements AsyncDisposable {
  readonly port: number;
  readonly child: Child;

  private constructor(port: number, child: Child) {
    this.port = port;
    this.child = child;
  }

  /** Starts a server on a port that the system chooses, without waiting until it serves. */
  static async spawn(options: OurServerOptions): Promise<Child> {
    const dataDir = join(options.directory, 'data');
    await mkdir(dataDir, { recursive: true });
    const lines = [
      'tickTime=2000',
      `dataDir=${dataDir}`,
      'clientPort=0',
      'clientPortAddress=127.0.0.1',
      'maxClientCnxns=0',
      '4lw.commands.whitelist=*',
      'extendedTypesEnabled=true',
      'preAllocSize=64',
      ...(options.configLines ?? []),
    ];
    const config = join(options.directory, 'zoo.cfg');
    await writeFile(config, `${lines.join('\n')}\n`);
    return new Child(process.execPath, [options.main, 'server', config]);
  }

  /** Starts a server and waits until it says where it serves. */
  static async start(options: OurServerOptions): Promise<OurServer> {
    return OurServer.of(await OurServer.spawn(options));
  }

  static async of(child: Child): Promise<OurServer> {
    const [, port] = await child.waitFor(/serving clients at .*?:(\d+)/, PATIENCE_MS);
    return new OurServer(Number(port), child);
  }

  /** SIGKILL: no chance to write or say anything more. */
  async kill(): Promise<void> {
    await this.child.stop('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
