import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fourLetterWord } from './four-letter.ts';
import { OurServer } from './our-server.ts';
import { type Child, eventually, freePort } from './processes.ts';

export interface OurEnsembleOptions {
  /** The command line's entry file, see `buildPackage`. */
  readonly main: string;
  /** An existing directory; each server gets one of its own in it. */
  readonly directory: string;
  readonly servers?: number;
  /** More lines of every zoo.cfg; they win over those above them. */
  readonly configLines?: readonly string[];
}

/** One server of an ensemble, in its present process. */
export interface EnsembleMember {
  readonly id: number;
  readonly port: number;
  child: Child;
}

/** `zookit server` several times over, as processes that form one ensemble on loopback. */
export class OurEnsemble implements AsyncDisposable {
  readonly members: readonly EnsembleMember[];
  readonly #spawn: (id: number) => Promise<Child>;

  private constructor(members: readonly EnsembleMember[], spawn: (id: number) => Promise<Child>) {
    this.members = members;
    this.#spawn = spawn;
  }

  /** Starts the servers and waits until all of them serve. */
  static async start(options: OurEnsembleOptions): Promise<OurEnsemble> {
    const { main, directory, servers = 3, configLines = [] } = options;
    const ports: number[] = [];
    for (let port = 0; port < 3 * servers; port++) ports.push(await freePort());
    const portOf = (kind: 0 | 1 | 2, id: number): number => ports[kind * servers + id - 1]!;
    const ids = Array.from({ length: servers }, (_, index) => index + 1);
    const lines = ids.map((id) => `server.${id}=127.0.0.1:${portOf(1, id)}:${portOf(2, id)}`);
    const spawn = async (id: number): Promise<Child> => {
      const own = join(directory, `server-${id}`);
      await mkdir(join(own, 'data'), { recursive: true });
      await writeFile(join(own, 'data', 'myid'), `${id}\n`);
      const base = [`clientPort=${portOf(0, id)}`, 'initLimit=10', 'syncLimit=5', ...lines];
      return OurServer.spawn({ main, directory: own, configLines: [...base, ...configLines] });
    };
    const members: EnsembleMember[] = [];
    for (const id of ids) members.push({ id, port: portOf(0, id), child: await spawn(id) });
    const ensemble = new OurEnsemble(members, spawn);
    try {
      await Promise.all(members.map((member) => ensemble.serves(member)));
    } catch (error) {
      await ensemble[Symbol.asyncDispose]();
      throw error;
    }
    return ensemble;
  }

  get connectString(): string {
    return this.members.map(({ port }) => `127.0.0.1:${port}`).join(',');
  }

  /** `leader`, `follower` or `observer`; null while it does not serve. */
  async mode({ port }: EnsembleMember): Promise<string | null> {
    const answer = await fourLetterWord(port, 'srvr').catch(() => '');
    return /^Mode: (\w+)/m.exec(answer)?.[1] ?? null;
  }

  /** Resolves with its mode as soon as it serves. */
  async serves(member: EnsembleMember): Promise<string> {
    let mode: string | null = null;
    await eventually(
      `server ${member.id} serves`,
      async () => {
        if (member.child.hasExited) throw new Error(`server ${member.id} ended:\n${member.child.output}`);
        mode = await this.mode(member);
        return mode !== null;
      },
      60_000,
    );
    return mode!;
  }

  /** Who leads, and who does not; everybody must be serving. */
  async roles(): Promise<{ leader: EnsembleMember; followers: EnsembleMember[] }> {
    const modes = await Promise.all(this.members.map((member) => this.mode(member)));
    const leader = this.members[modes.indexOf('leader')];
    if (leader === undefined) throw new Error(`nobody leads: ${modes.join(', ')}`);
    return { leader, followers: this.members.filter((member) => member !== leader) };
  }

  /** SIGKILL: no chance to write or say anything more. */
  async kill(member: EnsembleMember): Promise<void> {
    await member.child.stop('SIGKILL');
  }

  /** Starts a server that was killed, on what it has stored, and waits until it serves. */
  async restart(member: EnsembleMember): Promise<string> {
    member.child = await this.#spawn(member.id);
    return this.serves(member);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map((member) => this.kill(member)));
  }
}
