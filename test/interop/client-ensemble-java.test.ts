import { mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { type ClientState, connect, NotReadOnlyError, type ZooKeeperClient } from '../../client/index.ts';
import { InterProcessMutex } from '../../recipes/index.ts';
import { fourLetterWord } from '../kit/four-letter.ts';
import { JavaServer, javaZooKeeper } from '../kit/java.ts';
import { eventually, freePort } from '../kit/processes.ts';
import { type TempDirectory, tempDirectory } from '../kit/temp.ts';

/** Resolves when the client reports one of the states. */
function until(client: ZooKeeperClient, ...wanted: ClientState[]): Promise<ClientState> {
  return new Promise((resolve) => {
    const listener = (state: ClientState) => {
      if (!wanted.includes(state)) return;
      client.off('state', listener);
      resolve(state);
    };
    client.on('state', listener);
  });
}

/** Three Apache ZooKeepers that serve reads when they have lost their quorum. */
class JavaEnsemble implements AsyncDisposable {
  readonly servers = new Map<number, JavaServer>();
  readonly #temp: TempDirectory;
  readonly #lines: string[];

  private constructor(temp: TempDirectory, lines: string[]) {
    this.#temp = temp;
    this.#lines = lines;
  }

  static async start(...more: string[]): Promise<JavaEnsemble> {
    // Ten seconds each: a machine that is busy elsewhere must not part the servers. Who is killed is noticed by its sockets.
    const lines = ['initLimit=20', 'syncLimit=20', ...more];
    for (const id of [1, 2, 3]) lines.push(`server.${id}=127.0.0.1:${await freePort()}:${await freePort()}`);
    const ensemble = new JavaEnsemble(await tempDirectory('zookit-ensemble-'), lines);
    await Promise.all([1, 2, 3].map((id) => ensemble.startServer(id)));
    return ensemble;
  }

  get connectString(): string {
    return [...this.servers.values()].map(({ port }) => `127.0.0.1:${port}`).join(',');
  }

  async startServer(id: number): Promise<void> {
    const dataDir = this.#temp.at(`data-${id}`);
    await mkdir(dataDir, { recursive: true });
    await writeFile(`${dataDir}/myid`, `${id}\n`);
    const properties = ['readonlymode.enabled=true'];
    const server = await JavaServer.start({ dataDir, configLines: this.#lines, properties, tickTimeMs: 500 });
    this.servers.set(id, server);
  }

  /**
   * Resolves when a server whose quorum was killed has noticed. A leader looks for its followers once a tick, and until then
   * gives sessions to everybody where they may be local.
   */
  async untilAlone(id: number): Promise<void> {
    const { port } = this.servers.get(id)!;
    await eventually(
      `server ${id} stops to serve`,
      async () => (await fourLetterWord(port, 'isro')) !== 'rw',
    );
  }

  /** The server that leads. */
  async leader(): Promise<number> {
    for (const [id, { port }] of this.servers) {
      if (/^Mode: leader$/m.test(await fourLetterWord(port, 'srvr'))) return id;
    }
    throw new Error('no server leads');
  }

  /** Kills the server that listens at `host:port`. */
  async kill(address: string | null): Promise<number> {
    for (const [id, server] of this.servers) {
      if (`127.0.0.1:${server.port}` !== address) continue;
      this.servers.delete(id);
      await server.stop('SIGKILL');
      return id;
    }
    throw new Error(`no server at ${address}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.stop('SIGKILL')));
    await this.#temp[Symbol.asyncDispose]();
  }
}

describe.skipIf(javaZooKeeper() === null)('client against three Apache ZooKeepers', () => {
  test('the session moves to another server and keeps its nodes, watches and locks', async () => {
    await using ensemble = await JavaEnsemble.start();
    await using client = await connect(ensemble.connectString, { sessionTimeoutMs: 10_000 });
    await using other = await connect(ensemble.connectString, { sessionTimeoutMs: 10_000 });
    const { sessionId } = client;
    await client.create('/moving', 'x', { mode: 'ephemeral' });
    const lease = await new InterProcessMutex(client, '/locks/moving').acquire();
    const waiting = new InterProcessMutex(other, '/locks/moving').acquire({ timeoutMs: 60_000 });
    const changes: string[] = [];
    await client.get('/moving', { watch: (event) => changes.push(event.type) });
    const { server } = client;
    await Promise.all([until(client, 'reconnected', 'lost'), ensemble.kill(server)]);
    expect(client.sessionId).toBe(sessionId);
    expect(client.server).not.toBe(server);
    expect(lease.signal.reason).toMatchObject({ reason: 'in-doubt' });
    expect((await client.get('/moving')).stat.ephemeralOwner).toBe(sessionId);
    await other.set('/moving', 'y');
    await client.sync();
    expect(changes).toEqual(['dataChanged']);
    await lease.release();
    await (await waiting).release();
  });

  test('a client that may read only does so without a quorum, and writes when there is one', async () => {
    // A server without quorum takes no session that the ensemble knows, and makes new ones only if they may be local.
    await using ensemble = await JavaEnsemble.start('localSessionsEnabled=true');
    const { connectString } = ensemble;
    // The leader is what stays: it takes longest to notice.
    const last = await ensemble.leader();
    const addressOf = (id: number) => `127.0.0.1:${ensemble.servers.get(id)!.port}`;
    await using writer = await connect(addressOf(last));
    await writer.create('/readable', 'x');
    await writer.close();
    const others = [...ensemble.servers.keys()].filter((id) => id !== last);
    const killed = await Promise.all(others.map((id) => ensemble.kill(addressOf(id))));
    await ensemble.untilAlone(last);
    await expect(connect(connectString, { connectTimeoutMs: 500 })).rejects.toMatchObject({
      code: 'ConnectFailed',
    });
    await using client = await connect(connectString, { readOnly: true, connectTimeoutMs: 60_000 });
    expect(client.state).toBe('readonly');
    expect((await client.get('/readable')).data?.toString()).toBe('x');
    await expect(client.set('/readable', 'y')).rejects.toThrow(NotReadOnlyError);
    const back = until(client, 'reconnected');
    await ensemble.startServer(killed[0]!);
    await back;
    expect((await client.set('/readable', 'z')).version).toBe(1);
  });
});
