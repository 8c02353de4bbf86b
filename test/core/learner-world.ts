import { ServerStats } from '../../core/admin/stats.ts';
import { AuthProviders } from '../../core/auth/providers.ts';
import type { ServerConfig } from '../../core/config.ts';
import { sha1Base64 } from '../../core/io/system-clock.ts';
import type { Connection } from '../../core/pipeline/connection.ts';
import { ForwardedRequests } from '../../core/pipeline/forwarded.ts';
import { LeaderPath } from '../../core/pipeline/leader-path.ts';
import { LearnerPath } from '../../core/pipeline/learner-path.ts';
import { type ClientLink, silentLogger } from '../../core/ports.ts';
import { Service } from '../../core/service.ts';
import { SessionTracker } from '../../core/session/tracker.ts';
import { DataTree } from '../../core/tree/tree.ts';
import { Majority } from '../../core/zab/quorum.ts';
import { OpCode } from '../../wire/opcodes.ts';
import type { QuorumPacket } from '../../wire/quorum.ts';
import { readForwardedRequest } from '../../wire/quorum.ts';
import type { LoggedTxn } from '../../wire/txn.ts';
import { FakeClient, type LinkAcceptor } from '../kit/fake-client.ts';
import { SIMULATED_CONFIG } from '../kit/simulated-server.ts';
import { VirtualTime } from '../kit/virtual-time.ts';

type FromLeader =
  | { readonly kind: 'proposal'; readonly zxid: number }
  | { readonly kind: 'commit'; readonly logged: LoggedTxn }
  | { readonly kind: 'synced' };

const treeOptions = { extendedTypes: true, digestEnabled: true, hashSeed: 1 };

/** One learner's clients and what goes to and fro between it and the leader. Nothing moves by itself. */
export class LearnerSide implements LinkAcceptor {
  readonly tree = new DataTree(treeOptions);
  readonly stats = new ServerStats();
  readonly toLeader: QuorumPacket[] = [];
  readonly fromLeader: FromLeader[] = [];
  readonly #service: Service<LearnerPath>;
  #lastLogged = 0;

  constructor(serverId: number, time: VirtualTime) {
    const config: ServerConfig = { ...SIMULATED_CONFIG, serverId };
    this.#service = new Service(
      {
        config,
        tree: this.tree,
        stats: this.stats,
        clock: time,
        logger: silentLogger,
        scheduler: time,
        auth: new AuthProviders(config, sha1Base64),
        fourLetterReply: () => '',
      },
      (committed) =>
        new LearnerPath(
          this.tree,
          committed,
          () => this.#lastLogged,
          (packet) => void this.toLeader.push({ ...packet, data: Buffer.from(packet.data ?? []) }),
        ),
    );
  }

  connected(link: ClientLink): Connection | null {
    return this.#service.clients.connected(link);
  }

  received(connection: Connection, chunk: Buffer): void {
    this.#service.received(connection, chunk);
  }

  drained(connection: Connection): void {
    this.#service.drained(connection);
  }

  disconnected(connection: Connection): void {
    this.#service.clients.disconnected(connection);
  }

  /** The next thing that the leader sent. */
  hear(): void {
    const next = this.fromLeader.shift()!;
    const { path } = this.#service;
    this.#service.turn(() => {
      if (next.kind === 'proposal') this.#lastLogged = next.zxid;
      else if (next.kind === 'commit') path.commit(next.logged);
      else path.synced();
    });
  }
}

/** A leader without clients of its own, and its learners. */
export class LearnerWorld {
  readonly time = new VirtualTime(1000);
  readonly tree = new DataTree(treeOptions);
  readonly learners: LearnerSide[];
  readonly #tracker = new SessionTracker(1000, 0);
  readonly #path: LeaderPath;
  readonly #forwarded: ForwardedRequests;

  constructor(learnerCount = 1) {
    const config: ServerConfig = { ...SIMULATED_CONFIG, serverId: 1 };
    const parts = {
      config,
      tree: this.tree,
      clock: this.time,
      auth: new AuthProviders(config, sha1Base64),
      serverId: 1,
      quorum: new Majority([1]),
    };
    this.#path = new LeaderPath(
      parts,
      { committed: (logged) => this.#committed(logged), synced() {} },
      { log: ({ zxid }) => this.#tellAll({ kind: 'proposal', zxid }) },
    );
    this.#forwarded = new ForwardedRequests(this.#tracker, this.#path);
    this.learners = Array.from({ length: learnerCount }, (_, i) => new LearnerSide(i + 2, this.time));
  }

  #committed(logged: LoggedTxn): void {
    if (logged.header.type === OpCode.closeSession) this.#tracker.remove(logged.header.clientId);
    this.#tellAll({ kind: 'commit', logged });
  }

  #tellAll(message: FromLeader): void {
    for (const { fromLeader } of this.learners) fromLeader.push(message);
  }

  /** The leader takes what one learner has sent, proposes and commits it. */
  lead(learner: LearnerSide): void {
    for (const packet of learner.toLeader.splice(0)) {
      this.#take(learner, packet);
      this.commit();
    }
  }

  /** The leader takes what one learner has sent and proposes it. */
  propose(learner: LearnerSide): void {
    for (const packet of learner.toLeader.splice(0)) this.#take(learner, packet);
  }

  #take(learner: LearnerSide, packet: QuorumPacket): void {
    const request = readForwardedRequest(packet.data);
    if (request.type === OpCode.sync) learner.fromLeader.push({ kind: 'synced' });
    else this.#forwarded.submit(learner, request, packet.authinfo ?? [], this.time.monotonicMs());
  }

  /** A quorum has all that was proposed. */
  commit(): void {
    this.#path.durable(this.#path.lastProposed);
  }

  settle(): void {
    for (const learner of this.learners) this.lead(learner);
    for (const learner of this.learners) while (learner.fromLeader.length > 0) learner.hear();
  }

  client(learner: LearnerSide): FakeClient {
    const client = new FakeClient(learner).handshake();
    this.settle();
    return client;
  }

  /** What the leader does when a session has moved to a learner. */
  revalidate(learner: LearnerSide, sessionId: bigint): boolean {
    return this.#forwarded.revalidate(learner, sessionId, 10_000, this.time.monotonicMs());
  }
}
