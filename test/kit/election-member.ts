import { type EnsembleConfig, noEnsemble, type ServerLine } from '../../core/config.ts';
import { ElectionMesh, electionPeersOf } from '../../core/io/election-mesh.ts';
import { systemClock } from '../../core/io/system-clock.ts';
import { silentLogger } from '../../core/ports.ts';
import { FastLeaderElection } from '../../core/zab/election.ts';
import type { ElectionParts, OwnHistory } from '../../core/zab/election-types.ts';
import { quorumOf, type ServerId } from '../../core/zab/quorum.ts';
import { formatEnsemble } from '../../wire/ensemble-config.ts';
import { readNotification, writeNotification } from '../../wire/notification.ts';
import { Changes } from './changes.ts';
import { freePort } from './processes.ts';
import { Rng } from './seed.ts';

/** Servers on loopback, at ports that were free a moment ago. */
export async function loopbackEnsemble(voters: number, observers = 0): Promise<EnsembleConfig> {
  const servers: ServerLine[] = [];
  for (let id = 1; id <= voters + observers; id++) {
    servers.push({
      id,
      addresses: [{ host: '127.0.0.1', quorumPort: await freePort(), electionPort: await freePort() }],
      role: id <= voters ? 'participant' : 'observer',
      clientAddress: null,
      secureClientAddress: null,
    });
  }
  return { ...noEnsemble, servers };
}

/**
 * The part of a server that takes part in elections, on real sockets and real time, and nothing behind it: it writes down what it
 * hears, as `2: leading 2`, and decides, as `following 2`.
 */
export class ElectionMember implements AsyncDisposable {
  readonly id: ServerId;
  readonly log: string[] = [];
  readonly election: FastLeaderElection;
  readonly #mesh: ElectionMesh;
  readonly #changes = new Changes();
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  private constructor(id: ServerId, ensemble: EnsembleConfig, parts: Partial<ElectionParts>) {
    this.id = id;
    const config = Buffer.from(formatEnsemble({ ...ensemble, version: 0 }));
    this.election = new FastLeaderElection(
      { serverId: id, quorum: quorumOf(ensemble), config, ...parts },
      {
        send: (to, notification) => this.#mesh.send(to, writeNotification(notification)),
        decided: ({ leader }, state) => this.#tell(`${state} ${leader}`),
        voterLooking: () => {},
        configSeen: () => this.#tell('a newer configuration'),
      },
    );
    const own = ensemble.servers.find((server) => server.id === id)!;
    this.#mesh = new ElectionMesh(
      {
        serverId: id,
        addresses: own.addresses.map(({ host, electionPort }) => ({ host, port: electionPort })),
        peers: electionPeersOf(id, ensemble),
        listenOnAllIPs: false,
        bindRetry: 1,
        cnxTimeoutMs: ensemble.electionCnxTimeoutMs,
      },
      {
        message: (from, bytes) => {
          const notification = readNotification(bytes);
          this.#tell(`${from}: ${notification.state} ${notification.leader}`);
          this.#step((nowMs) => this.election.receive(from, notification, nowMs));
        },
        connected: (peer) => this.#step((nowMs) => this.election.peerConnected(peer, nowMs)),
        gone: (peer) => this.#step((nowMs) => this.election.peerGone(peer, nowMs)),
      },
      { clock: systemClock, random: new Rng(id), logger: silentLogger },
    );
  }

  static async start(
    id: ServerId,
    ensemble: EnsembleConfig,
    parts: Partial<ElectionParts> = {},
  ): Promise<ElectionMember> {
    const member = new ElectionMember(id, ensemble, parts);
    await member.#mesh.listen();
    return member;
  }

  begin(history: OwnHistory): void {
    this.#step((nowMs) => this.election.begin(history, nowMs));
  }

  /** Waits until a line was told as often as that. */
  until(line: string, times = 1): Promise<void> {
    return this.#changes.until(
      `server ${this.id}: ${line}`,
      () => this.log.filter((told) => told === line).length >= times,
    );
  }

  /** Waits until a decision stands, and returns it as `following 2`. */
  async decision(): Promise<string> {
    await this.#changes.until(`server ${this.id} decides`, () => this.election.state !== 'looking');
    return `${this.election.state} ${this.election.vote.leader}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#mesh.close();
  }

  #step(input: (nowMs: number) => void): void {
    if (this.#isClosed) return;
    input(systemClock.monotonicMs());
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const deadlineMs = this.election.nextDeadlineMs;
    if (deadlineMs === null) return;
    const delayMs = Math.max(0, deadlineMs - systemClock.monotonicMs());
    this.#timer = setTimeout(() => this.#step((nowMs) => this.election.tick(nowMs)), delayMs);
  }

  #tell(line: string): void {
    this.log.push(line);
    this.#changes.tell();
  }
}
