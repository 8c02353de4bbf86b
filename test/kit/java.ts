import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { isServing } from './four-letter.ts';
import { Child, eventually, freePort, which } from './processes.ts';
import { type TempDirectory, tempDirectory } from './temp.ts';

const SERVER_JAR = '/usr/share/java/zookeeper.jar';
/** Without a logger Apache ZooKeeper keeps the reason of its end to itself. */
const LOGGER_JAR = '/usr/share/java/slf4j-simple.jar';

/** A machine that is busy elsewhere may need half a minute for what takes a second. */
const PATIENCE_MS = 90_000;
/** A Java machine that starts in little time, on few cores; not for where a program's speed is the subject. */
export const QUICK_START = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto'];

/** `super:superpw`, as the server property wants it. */
export const SUPER_DIGEST = 'super:g9oN2HttPfn8MMWJZ2r45Np/LIA=';
/** Authentication data of the super user that `SUPER_DIGEST` names. */
export const SUPER_AUTH = 'super:superpw';

/** The class path of Debian's Apache ZooKeeper, or null with nothing else when it is not installed. */
export function javaZooKeeper(): string | null {
  if (which('java') === null || !existsSync(SERVER_JAR)) return null;
  return existsSync(LOGGER_JAR) ? `${SERVER_JAR}:${LOGGER_JAR}` : SERVER_JAR;
}

export interface JavaServerOptions {
  /** Data directory; by default one of its own that is removed at the end. */
  readonly dataDir?: string;
  /** More lines of zoo.cfg; they win over those above them. */
  readonly configLines?: readonly string[];
  /** Java system properties, `name=value`. */
  readonly properties?: readonly string[];
  readonly tickTimeMs?: number;
}

/** One standalone Apache ZooKeeper from Debian's package, on loopback, in a directory of its own. */
export class JavaServer implements AsyncDisposable {
  readonly port: number;
  readonly dataDir: string;
  readonly child: Child;
  readonly #temp: TempDirectory;

  private constructor(port: number, dataDir: string, child: Child, temp: TempDirectory) {
    this.port = port;
    this.dataDir = dataDir;
    this.child = child;
    this.#temp = temp;
  }

  /** Starts a server and waits until it says that it serves. */
  static async start(options: JavaServerOptions = {}): Promise<JavaServer> {
    const classPath = javaZooKeeper();
    if (classPath === null) throw new Error('Apache ZooKeeper is not installed: apt-get install zookeeper');
    const temp = await tempDirectory('zookit-java-');
    const dataDir = options.dataDir ?? temp.at('data');
    await mkdir(dataDir, { recursive: true });
    const port = await freePort();
    const lines = [
      `tickTime=${options.tickTimeMs ?? 2000}`,
      `dataDir=${dataDir}`,
      `clientPort=${port}`,
      'clientPortAddress=127.0.0.1',
      'maxClientCnxns=0',
      '4lw.commands.whitelist=*',
      'admin.enableServer=false',
      ...(options.configLines ?? []),
    ];
    await writeFile(temp.at('zoo.cfg'), `${lines.join('\n')}\n`);
    const properties = [
      'zookeeper.extendedTypesEnabled=true',
      `zookeeper.DigestAuthenticationProvider.superDigest=${SUPER_DIGEST}`,
      'zookeeper.preAllocSize=1024',
      'znode.container.checkIntervalMs=1000',
      'org.slf4j.simpleLogger.defaultLogLevel=warn',
      ...(options.properties ?? []),
    ];
    const child = new Child('java', [
      '-Xmx512m',
      ...QUICK_START,
      ...properties.map((property) => `-D${property}`),
      '-cp',
      classPath,
      'org.apache.zookeeper.server.quorum.QuorumPeerMain',
      temp.at('zoo.cfg'),
    ]);
    const server = new JavaServer(port, dataDir, child, temp);
    try {
      await eventually(
        'Apache ZooKeeper serves',
        async () => {
          if (child.hasExited) throw new Error(`Apache ZooKeeper ended:\n${child.output.slice(-3000)}`);
          return isServing(port);
        },
        PATIENCE_MS,
      );
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** What a client is given to connect: `127.0.0.1:port`. */
  get connectString(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Stops the server; its data directory stays unless it is the server's own. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.child.stop(signal);
    await this.#temp[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop('SIGKILL');
  }
}
