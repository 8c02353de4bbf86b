import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fourLetterWord, isServing } from './four-letter.ts';
import { javaZooKeeper, QUICK_START, SUPER_DIGEST } from './java.ts';
import { Child, eventually, freePort } from './processes.ts';
import { QuorumCables } from './quorum-cables.ts';
import { RawClient } from './raw-client.ts';
import { type TempDirectory, tempDirectory } from './temp.ts';

/** Apache ZooKeeper's server, or this package's. */
export type Kind = 'java' | 'ours';

export interface MixedMember {
  readonly id: number;
  /** What it runs unless `start` says otherwise. */
  readonly kind: Kind;
  readonly isObserver?: boolean;
}

export interface MixedEnsembleOptions {
  readonly members: readonly MixedMember[];
  /** The command line's entry file, see `buildPackage`; none where no member is ours. */
  readonly main?: string;
  /**
   * Those who belong to the ensemble when it begins, where it may be reconfigured; the others know them and themselves. Only for
   * Apache ZooKeepers.
   */
  readonly founders?: readonly number[];
  /** Whether what servers say to each other on their quorum ports can be listened to and held back. */
  readonly hasCables?: boolean;
  /** More lines of zoo.cfg; they win over those above them. */
  readonly configLines?: readonly string[];
}

interface Ports {
  readonly client: number;
  readonly quorum: number;
  readonly election: number;
}

/** The machine may be busy with other things, and a Java server needs seconds even where it is not. */
const PATIENCE_MS = 60_000;

/**
 * An ensemble whose members are processes of either implementation. Both read the same zoo.cfg and the same data directory, so
 * that a member can be one now and the other the next time. Ports stay as they are.
 */
export class MixedEnsemble implements AsyncDisposable {
  readonly members: readonly MixedMember[];
  /** The cables between quorum ports; throws where the ensemble has none. */
  get cables(): QuorumCables {
    if (this.#cables === null) throw new Error('this ensemble has no cables');
    return this.#cables;
  }
  readonly #options: MixedEnsembleOptions;
  readonly #temp: TempDirectory;
  readonly #ports: ReadonlyMap<number, Ports>;
  readonly #cables: QuorumCables | null;
  readonly #running = new Map<number, { readonly kind: Kind; readonly child: Child }>();

  private constructor(
    options: MixedEnsembleOptions,
    temp: TempDirectory,
    ports: ReadonlyMap<number, Ports>,
    cables: QuorumCables | null,
  ) {
    this.members = options.members;
    this.#options = options;
    this.#temp = temp;
    this.#ports = ports;
    this.#cables = cables;
  }

  /** Makes directories and configurations; nothing is started. */
  static async create(options: MixedEnsembleOptions): Promise<MixedEnsemble> {
    const ports = new Map<number, Ports>();
    for (const { id } of options.members) {
      ports.set(id, { client: await freePort(), quorum: await freePort(), election: await freePort() });
    }
    const quorumPorts = new Map([...ports].map(([id, { quorum }]) => [id, quorum]));
    const cables = options.hasCables === true ? await QuorumCables.start(quorumPorts) : null;
    const ensemble = new MixedEnsemble(options, await tempDirectory('zookit-mixed-'), ports, cables);
    for (const { id } of options.members) await ensemble.#configure(id);
    return ensemble;
  }

  // -- Servers come and go ---------------------------------------------------------------------------------------------------

  /** Starts a member without waiting for it. */
  spawn(id: number, kind: Kind = this.#member(id).kind): void {
    if (this.#running.has(id)) throw new Error(`server ${id} runs`);
    this.#running.set(id, { kind, child: this.#child(kind, this.#temp.at(`${id}`, 'zoo.cfg')) });
  }

  #child(kind: Kind, config: string): Child {
    if (kind === 'java') return new Child('java', [...javaArguments(), config]);
    const { main } = this.#options;
    if (main === undefined)
      throw new Error('this ensemble was told no `main` to start a server of ours from');
    return new Child(process.execPath, [main, 'server', config]);
  }

  /** Resolves when these members serve clients. */
  async serving(...ids: readonly number[]): Promise<void> {
    for (const id of ids) {
      const { child } = this.#running.get(id)!;
      try {
        await eventually(
          `server ${id} serves`,
          async () => {
            if (child.hasExited) throw new Error(`server ${id} has ended`);
            return isServing(this.port(id));
          },
          PATIENCE_MS,
        );
      } catch (error) {
        const outputs = [...this.#running].map(([other]) => `-- server ${other}:\n${this.output(other)}`);
        throw new Error(`${(error as Error).message}\n${outputs.join('\n')}`, { cause: error });
      }
    }
  }

  /** Starts members, all at once, and waits until they serve clients. */
  async start(...ids: readonly number[]): Promise<void> {
    for (const id of ids) this.spawn(id);
    await this.serving(...ids);
  }

  /** Ends a member as its operator would, or by another signal. */
  async stop(id: number, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const { child } = this.#running.get(id)!;
    await child.stop(signal);
    this.#running.delete(id);
  }

  kill(id: number): Promise<void> {
    return this.stop(id, 'SIGKILL');
  }

  /** A member that does not run loses all that it knew, its myid excepted. */
  async wipe(id: number): Promise<void> {
    if (this.#running.has(id)) throw new Error(`server ${id} runs`);
    await rm(join(this.dataDir(id), 'version-2'), { recursive: true, force: true });
  }

  // -- What there is ---------------------------------------------------------------------------------------------------------

  port(id: number): number {
    return this.#ports.get(id)!.client;
  }

  dataDir(id: number): string {
    return this.#temp.at(`${id}`, 'data');
  }

  /** What runs as this member. */
  kind(id: number): Kind {
    return this.#running.get(id)!.kind;
  }

  /** The end of what the member's process has printed. */
  output(id: number): string {
    return this.#running.get(id)?.child.output.slice(-6000) ?? '';
  }

  /** A member as a reconfiguration names it. */
  member(id: number): string {
    const { client, quorum, election } = this.#ports.get(id)!;
    return `server.${id}=127.0.0.1:${quorum}:${election}:participant;127.0.0.1:${client}`;
  }

  /** All members, running or not. */
  get connectString(): string {
    return this.members.map(({ id }) => `127.0.0.1:${this.port(id)}`).join(',');
  }

  get running(): readonly number[] {
    return [...this.#running.keys()].sort((a, b) => a - b);
  }

  /** `leader`, `follower` or `observer`; null while the server serves nobody. */
  async mode(id: number): Promise<string | null> {
    try {
      return /^Mode: (.+)$/m.exec(await fourLetterWord(this.port(id), 'srvr'))?.[1] ?? null;
    } catch {
      return null;
    }
  }

  /** The member that leads; waits until there is one. */
  async leader(): Promise<number> {
    let leader: number | undefined;
    await eventually(
      'somebody leads',
      async () => {
        for (const id of this.running) if ((await this.mode(id)) === 'leader') leader = id;
        return leader !== undefined;
      },
      PATIENCE_MS,
    );
    return leader!;
  }

  /** A value of `mntr`, without its prefix. */
  async monitored(id: number, name: string): Promise<string | null> {
    const text = await fourLetterWord(this.port(id), 'mntr');
    return new RegExp(`^zk_${name}\t(.*)$`, 'm').exec(text)?.[1] ?? null;
  }

  /** An epoch that the member has on disk. */
  async epoch(id: number, name: 'acceptedEpoch' | 'currentEpoch'): Promise<number> {
    return Number(await readFile(join(this.dataDir(id), 'version-2', name), 'utf8'));
  }

  client(id: number, timeoutMs = 30_000): Promise<RawClient> {
    return RawClient.connect({ port: this.port(id), timeoutMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.running.map((id) => this.kill(id)));
    await this.#cables?.[Symbol.asyncDispose]();
    await this.#temp[Symbol.asyncDispose]();
  }

  // -- Within ----------------------------------------------------------------------------------------------------------------

  #member(id: number): MixedMember {
    return this.members.find((member) => member.id === id)!;
  }

  async #configure(id: number): Promise<void> {
    const dataDir = this.dataDir(id);
    await mkdir(dataDir, { recursive: true });
    await writeFile(join(dataDir, 'myid'), `${id}\n`);
    const lines = [
      'tickTime=500',
      // Half a minute and ten seconds: a machine that is busy elsewhere must not part the servers.
      'initLimit=60',
      'syncLimit=20',
      `dataDir=${dataDir}`,
      'maxClientCnxns=0',
      'maxSessionTimeout=60000',
      '4lw.commands.whitelist=*',
      'admin.enableServer=false',
      'extendedTypesEnabled=true',
      'preAllocSize=1024',
      `DigestAuthenticationProvider.superDigest=${SUPER_DIGEST}`,
      ...(await this.#memberLines(id)),
      ...(this.#options.configLines ?? []),
    ];
    await writeFile(this.#temp.at(`${id}`, 'zoo.cfg'), `${lines.join('\n')}\n`);
  }

  /** Who belongs to the ensemble: in the file itself, or in one beside it that a reconfiguration replaces. */
  async #memberLines(id: number): Promise<string[]> {
    const { founders } = this.#options;
    if (founders === undefined) {
      return [
        `clientPort=${this.port(id)}`,
        'clientPortAddress=127.0.0.1',
        ...this.members.map((other) => this.#serverLine(id, other)),
      ];
    }
    const file = this.#temp.at(`${id}`, 'zoo.cfg.dynamic');
    const known = founders.includes(id) ? founders : [...founders, id];
    await writeFile(file, known.map((other) => `${this.member(other)}\n`).join(''));
    return ['standaloneEnabled=false', 'reconfigEnabled=true', `dynamicConfigFile=${file}`];
  }

  #serverLine(id: number, { id: other, isObserver }: MixedMember): string {
    const { quorum, election } = this.#ports.get(other)!;
    const port = this.#cables === null || id === other ? quorum : this.#cables.port(id, other);
    return `server.${other}=127.0.0.1:${port}:${election}${isObserver === true ? ':observer' : ''}`;
  }
}

/** A small machine for each: several of them run at a time, and for seconds. */
function javaArguments(): string[] {
  const classPath = javaZooKeeper();
  if (classPath === null) throw new Error('Apache ZooKeeper is not installed: apt-get install zookeeper');
  const properties = [
    'zookeeper.extendedTypesEnabled=true',
    `zookeeper.DigestAuthenticationProvider.superDigest=${SUPER_DIGEST}`,
    'zookeeper.preAllocSize=1024',
    'org.slf4j.simpleLogger.showDateTime=true',
    'org.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
  ];
  return [
    '-Xmx200m',
    ...QUICK_START,
    ...properties.map((property) => `-D${property}`),
    '-cp',
    classPath,
    'org.apache.zookeeper.server.quorum.QuorumPeerMain',
  ];
}
