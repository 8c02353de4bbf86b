import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OpCode } from '../../wire/opcodes.ts';
import { sessionPassword } from '../../wire/password.ts';
import { QuorumPacketType } from '../../wire/quorum.ts';
import { JavaServer } from '../kit/java.ts';
import { eventually, freePort } from '../kit/processes.ts';
import { QuorumStream } from '../kit/quorum-stream.ts';
import { RawClient } from '../kit/raw-client.ts';
import { type Direction, TcpProxy } from '../kit/tcp-proxy.ts';
import { type TempDirectory, tempDirectory } from '../kit/temp.ts';
import { bytesOf, type QuorumRecording, type RecordedLink } from './quorum-recording.ts';

const PARTICIPANTS = [1, 2, 3] as const;
const OBSERVER = 4;
const SERVERS = [...PARTICIPANTS, OBSERVER];
const OPEN_ACL = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];

interface Ports {
  readonly quorum: number;
  readonly election: number;
}

/**
 * Three Apache ZooKeepers and an observer. What one opens to another goes through a proxy of that pair, because its configuration
 * names the proxy in the other's place, and is recorded.
 */
class RecordedEnsemble implements AsyncDisposable {
  readonly links: RecordedLink[] = [];
  /** Sees each chunk after it was recorded and before it is passed on. */
  onChunk: (link: RecordedLink, direction: Direction, chunk: Buffer) => void = () => {};
  readonly #temp: TempDirectory;
  readonly #ports: ReadonlyMap<number, Ports>;
  /** By opener, acceptor and port. */
  readonly #proxies = new Map<string, TcpProxy>();
  readonly #servers = new Map<number, JavaServer>();

  private constructor(temp: TempDirectory, ports: ReadonlyMap<number, Ports>) {
    this.#temp = temp;
    this.#ports = ports;
  }

  static async create(): Promise<RecordedEnsemble> {
    const ports = new Map<number, Ports>();
    for (const id of SERVERS) ports.set(id, { quorum: await freePort(), election: await freePort() });
    const ensemble = new RecordedEnsemble(await tempDirectory('zookit-recorded-'), ports);
    for (const opener of SERVERS) {
      for (const acceptor of SERVERS) if (opener !== acceptor) await ensemble.#connect(opener, acceptor);
    }
    return ensemble;
  }

  async #connect(opener: number, acceptor: number): Promise<void> {
    for (const port of ['quorum', 'election'] as const) {
      const proxy: TcpProxy = await TcpProxy.start(this.#ports.get(acceptor)![port], {
        // A learner takes a leader that does not listen yet for one that will be there soon, but not one that hangs up.
        patienceMs: port === 'quorum' ? 3000 : 0,
        opened: () => {
          const link: RecordedLink = { port, opener, acceptor, chunks: [] };
          this.links.push(link);
          return (direction, chunk) => {
            link.chunks.push([direction === 'from-opener' ? '>' : '<', chunk.toString('hex')]);
            this.onChunk(link, direction, chunk);
          };
        },
      });
      this.#proxies.set(`${opener} ${acceptor} ${port}`, proxy);
    }
  }

  async start(id: number): Promise<void> {
    const dataDir = this.#temp.at(`data-${id}`);
    await mkdir(dataDir, { recursive: true });
    await writeFile(join(dataDir, 'myid'), `${id}\n`);
    const configLines = ['initLimit=40', 'syncLimit=10', ...SERVERS.map((other) => this.#line(id, other))];
    if (id === OBSERVER) configLines.push('peerType=observer');
    const server = await JavaServer.start({ dataDir, configLines, tickTimeMs: 500 });
    this.#servers.set(id, server);
  }

  #line(id: number, other: number): string {
    const { quorum, election } =
      id === other
        ? this.#ports.get(id)!
        : {
            quorum: this.#proxies.get(`${id} ${other} quorum`)!.port,
            election: this.#proxies.get(`${id} ${other} election`)!.port,
          };
    return `server.${other}=127.0.0.1:${quorum}:${election}${other === OBSERVER ? ':observer' : ''}`;
  }

  client(id: number): Promise<RawClient> {
    return RawClient.connect({ port: this.#servers.get(id)!.port });
  }

  portOf(id: number): number {
    return this.#servers.get(id)!.port;
  }

  async kill(id: number): Promise<void> {
    await this.#servers.get(id)!.stop('SIGKILL');
    this.#servers.delete(id);
  }

  /** Whether these bytes are in a log of the server. */
  hasLogged(id: number, text: string): boolean {
    const directory = this.#temp.at(`data-${id}`, 'version-2');
    return readdirSync(directory).some(
      (name) => name.startsWith('log.') && readFileSync(join(directory, name)).includes(text),
    );
  }

  quorumProxy(learner: number, leader: number): TcpProxy {
    return this.#proxies.get(`${learner} ${leader} quorum`)!;
  }

  /** Waits until a learner has said, or heard, such a packet, with data if that is wanted. */
  async packet(way: '>' | '<', learner: number, type: number, withData = false): Promise<void> {
    await eventually(`packet ${type} of learner ${learner}`, () =>
      this.links.some((link) => {
        if (link.port !== 'quorum' || link.opener !== learner) return false;
        const stream = new QuorumStream();
        stream.push(bytesOf(link, way));
        return stream.packets.some(
          (packet) => packet.type === type && (!withData || packet.data!.length > 0),
        );
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server[Symbol.asyncDispose]()));
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy[Symbol.asyncDispose]()));
    await this.#temp[Symbol.asyncDispose]();
  }
}

const create = (client: RawClient, path: string, data: string) =>
  client.call(OpCode.create, { path, data: Buffer.from(data), acl: OPEN_ACL, flags: 0 });

/** A write through a follower and one through the observer, a sync, and time for a session to be told of in a ping. */
async function ordinaryLife(ensemble: RecordedEnsemble): Promise<void> {
  await using client = await ensemble.client(1);
  await create(client, '/golden', 'first');
  await client.call(OpCode.sync, { path: '/golden' });
  await using remote = await ensemble.client(OBSERVER);
  await create(remote, '/observed', 'second');
  await ensemble.packet('>', 1, QuorumPacketType.PING, true);
  await client.close();
  await remote.close();
}

/** A session moves to another server, and one that never was is asked for. */
async function movingSessions(ensemble: RecordedEnsemble): Promise<void> {
  await using client = await ensemble.client(1);
  await using moved = await client.resume({ port: ensemble.portOf(3) });
  if (moved.sessionId !== client.sessionId) throw new Error('the session did not move');
  const sessionId = 0x7700_0000_dead_beefn;
  await using nobody = await RawClient.connect({
    port: ensemble.portOf(3),
    sessionId,
    password: sessionPassword(sessionId),
  });
  if (nobody.sessionId !== 0n) throw new Error('a session that never was is alive');
  await moved.close();
}

/**
 * Leader 2 logs what nobody else hears of and dies. Server 3 leads next, and 2 comes back when that is settled but before 3 has
 * committed anything: the only time at which ZooKeeper cuts rather than sends a snapshot, because it never cuts across epochs.
 */
async function truncation(ensemble: RecordedEnsemble): Promise<void> {
  const learners = [1, 3, OBSERVER];
  await using client = await ensemble.client(2);
  await create(client, '/kept', 'the last that all have');
  // Were 1 ahead of 3 at the leader's end, 1 would lead.
  await eventually('all have it', () =>
    [1, 3].every((id) => ensemble.hasLogged(id, 'the last that all have')),
  );
  for (const id of learners) ensemble.quorumProxy(id, 2).hold('to-opener');
  const lost = create(client, '/lost', 'nobody else has this').catch(() => {});
  await eventually('the leader has logged it', () => ensemble.hasLogged(2, 'nobody else has this'));
  const settled = new Promise<void>((resolve) => {
    ensemble.onChunk = ({ port, opener, acceptor }, direction, chunk) => {
      if (port !== 'quorum' || opener !== 1 || acceptor !== 3 || direction !== 'from-opener') return;
      if (chunk.readInt32BE(0) !== QuorumPacketType.ACKEPOCH) return;
      // The epoch is agreed on; its acknowledgement of NEWLEADER waits.
      ensemble.quorumProxy(1, 3).hold('from-opener');
      resolve();
    };
  });
  await ensemble.kill(2);
  await lost;
  for (const id of learners) {
    ensemble.quorumProxy(id, 2).drop();
    ensemble.quorumProxy(id, 2).release();
  }
  await settled;
  await ensemble.start(2);
  await ensemble.packet('<', 2, QuorumPacketType.TRUNC);
  ensemble.quorumProxy(1, 3).release();
}

/** A follower misses a little and gets it from the leader's memory. */
async function difference(ensemble: RecordedEnsemble): Promise<void> {
  await using client = await ensemble.client(3);
  await create(client, '/before', 'known to all');
  await eventually('all have it', () => [1, 2].every((id) => ensemble.hasLogged(id, 'known to all')));
  await ensemble.kill(2);
  await create(client, '/missed', 'while 2 was away');
  await ensemble.start(2);
  await eventually('2 has it', () => ensemble.hasLogged(2, 'while 2 was away'));
  await client.close();
}

/** Lets an Apache ZooKeeper ensemble live through what there is and keeps what its servers say to each other. */
export async function recordQuorum(): Promise<QuorumRecording> {
  await using ensemble = await RecordedEnsemble.create();
  // The first two are a quorum, so that 2 leads; the others come to an established leader.
  const first = ensemble.start(1);
  await eventually('1 looks for others', () => ensemble.links.some(({ opener }) => opener === 1));
  await Promise.all([first, ensemble.start(2)]);
  await ensemble.start(3);
  await ensemble.start(OBSERVER);
  await ordinaryLife(ensemble);
  await movingSessions(ensemble);
  await truncation(ensemble);
  await difference(ensemble);
  return {
    source: 'Apache ZooKeeper 3.8.0 (Debian): three participants and an observer',
    links: ensemble.links.filter(({ chunks }) => chunks.length > 0),
  };
}
