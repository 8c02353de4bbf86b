import { mkdirSync } from 'node:fs';
import { defaultConfig, type EnsembleConfig, type ServerConfig } from '../../core/config.ts';
import { type RunningServer, startServer } from '../../core/server.ts';
import type { ServerId } from '../../core/zab/quorum.ts';
import { fourLetterWord, isServing } from './four-letter.ts';
import { eventually } from './processes.ts';
import { type TempDirectory, tempDirectory } from './temp.ts';

/** A machine that is busy elsewhere must not part the servers. */
const PATIENCE_TICKS = 50;
const PATIENCE_MS = 60_000;

/** Members of an ensemble on real sockets, in this process, each with a directory that outlives it. */
export class LoopbackMembers implements AsyncDisposable {
  readonly #ensemble: EnsembleConfig;
  readonly #temp: TempDirectory;
  readonly #running = new Map<ServerId, RunningServer>();

  readonly #config: Partial<ServerConfig>;

  private constructor(ensemble: EnsembleConfig, temp: TempDirectory, config: Partial<ServerConfig>) {
    this.#config = config;
    this.#ensemble = {
      ...ensemble,
      initLimitTicks: PATIENCE_TICKS,
      syncLimitTicks: PATIENCE_TICKS,
    };
    this.#temp = temp;
  }

  /** Starts some members, all of them unless told otherwise. They may not serve yet. */
  static async start(
    ensemble: EnsembleConfig,
    ids?: readonly ServerId[],
    config: Partial<ServerConfig> = {},
  ): Promise<LoopbackMembers> {
    const members = new LoopbackMembers(ensemble, await tempDirectory('zookit-members-'), config);
    for (const id of ids ?? ensemble.servers.map(({ id }) => id)) await members.startServer(id);
    return members;
  }

  async startServer(id: ServerId): Promise<void> {
    const dataDir = this.#temp.at(String(id));
    mkdirSync(dataDir, { recursive: true });
    const server = await startServer({
      ...defaultConfig,
      ...this.#config,
      dataDir,
      dataLogDir: dataDir,
      clientPort: 0,
      clientPortAddress: '127.0.0.1',
      tickTimeMs: 200,
      minSessionTimeoutMs: 400,
      fourLetterWordWhitelist: ['*'],
      serverId: id,
      ensemble: this.#ensemble,
    });
    this.#running.set(id, server);
  }

  async stopServer(id: ServerId): Promise<void> {
    const server = this.#running.get(id);
    this.#running.delete(id);
    await server?.close();
  }

  get ids(): ServerId[] {
    return [...this.#running.keys()];
  }

  port(id: ServerId): number {
    const server = this.#running.get(id);
    if (server === undefined) throw new Error(`server ${id} does not run`);
    return server.address.port;
  }

  hosts(...ids: readonly ServerId[]): string {
    return ids.map((id) => `127.0.0.1:${this.port(id)}`).join(',');
  }

  /** Ends a session at once, as if its client had been silent too long. False where nobody leads, or there is no such session. */
  expireSession(sessionId: bigint): boolean {
    return [...this.#running.values()].some((server) => server.expireSession(sessionId));
  }

  /** Resolves when all that run serve clients. */
  async serving(): Promise<void> {
    for (const id of this.ids) {
      await eventually(`server ${id} serves`, () => isServing(this.port(id)), PATIENCE_MS);
    }
  }

  ask(id: ServerId, word: string): Promise<string> {
    return fourLetterWord(this.port(id), word);
  }

  /** `leader`, `follower` or `observer`; `none` while the server serves nobody. */
  async mode(id: ServerId): Promise<string> {
    return /^Mode: (\w+)$/m.exec(await this.ask(id, 'srvr'))?.[1] ?? 'none';
  }

  /** The member that leads; waits until there is one. */
  async leader(): Promise<ServerId> {
    let leader: ServerId | undefined;
    await eventually(
      'somebody leads',
      async () => {
        for (const id of this.ids) if ((await this.mode(id)) === 'leader') leader = id;
        return leader !== undefined;
      },
      PATIENCE_MS,
    );
    return leader!;
  }

  /** A value of `mntr`, without its prefix. */
  async monitored(id: ServerId, name: string): Promise<string | undefined> {
    return new RegExp(`^zk_${name}\t(.*)$`, 'm').exec(await this.ask(id, 'mntr'))?.[1];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.ids.map((id) => this.stopServer(id)));
    await this.#temp[Symbol.asyncDispose]();
  }
}
