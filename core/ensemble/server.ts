import { formatEnsemble } from '../../wire/ensemble-config.ts';
import type { FourLetterWord } from '../../wire/four-letter.ts';
import { fourLetterReply } from '../admin/four-letter.ts';
import type { ServerConfig } from '../config.ts';
import { ElectionMesh, electionPeersOf } from '../io/election-mesh.ts';
import { connectToLeader } from '../io/quorum-connection.ts';
import { QuorumListener, quorumAddressesOf } from '../io/quorum-listener.ts';
import { TcpClients } from '../io/tcp-clients.ts';
import { type OpenedServer, openServer } from '../open-server.ts';
import type { WritePath } from '../pipeline/write-path.ts';
import { restoreTree } from '../restore.ts';
import type { RunningServer, ServerOptions } from '../running-server.ts';
import { RunningView } from '../server-view.ts';
import type { Service } from '../service.ts';
import { EpochFiles } from '../storage/epoch-files.ts';
import { Store } from '../store.ts';
import { CommittedLog, defaultCommittedLog } from '../zab/commit-log.ts';
import type { LearnerHandler } from '../zab/learner-handler.ts';
import { quorumOf, type ServerId } from '../zab/quorum.ts';
import { type Guest, Guests } from './guests.ts';
import type { Leading } from './leading.ts';
import type { LeaderChannel, Learning } from './learning.ts';
import { Member, type MemberNetwork } from './member.ts';
import { viewedMember } from './view.ts';

/**
 * What ZooKeeper allows a packet beyond the longest request, or as much again where that is more: a transaction may be twice as long
 * as a request, and a learner that does not take it could never follow a leader that has it.
 */
const PACKET_EXTRA_BYTES_MIN = 1024 * 1024;
/** Time for whoever was elected to hear of it and to open the quorum port; then the election is asked again. */
const REFUSED_LIMIT_MS = 1000;
/** Starts one member of an ensemble; see `startServer`. Resolves when its ports are open: it may not serve clients yet. */
export async function startMember(config: ServerConfig, options: ServerOptions): Promise<RunningServer> {
  const committedLog = new CommittedLog(0, {
    ...defaultCommittedLog,
    countMin: config.ensemble.commitLogCount,
  });
  // The tree is the store's alone, which may have another one soon.
  const { tree, ...opened } = await openServer(config, options, committedLog);
  const { stats, logger, clock, files, directories } = opened;
  const { clientPort, clientPortAddress, clientPortListenBacklog, ensemble, serverId } = config;
  let failed: (error: Error) => void = () => {};
  const store: Store = new Store(tree, opened, {
    durable: (zxid) => member.durable(zxid),
    failed: (error) => failed(error),
  });
  const quorum = quorumOf(ensemble);
  const reply = (word: FourLetterWord): string =>
    fourLetterReply(word, config.fourLetterWordWhitelist, view, clients() === null ? null : view);
  const network = new Network(opened, () => member);
  const member: Member = new Member(
    {
      ...opened,
      quorum,
      ensembleText: Buffer.from(formatEnsemble({ ...ensemble, version: 0 })),
      store,
      committedLog,
      epochs: new EpochFiles(files, directories.snapshotDirectory, tree.lastProcessedZxid),
      restore: () => restoreTree(opened).tree,
      fourLetterReply: reply,
    },
    network,
  );
  /** Who serves clients here: nobody while there is no leader, nor at a leader that is to have none. */
  const clients = (): Service<WritePath> | null =>
    member.mode === 'leader' && !ensemble.leaderServes ? null : member.service;
  const view = new RunningView(viewedMember(member, store, quorum, clock), config, stats, clock);
  const guests = new Guests({ ...opened, service: clients, fourLetterReply: reply });
  const tcp = new TcpClients<Guest>(guests, logger);
  failed = (error) => {
    member.stop();
    tcp.stopAccepting();
    tcp.destroyAll();
    void network.close();
    options.onFatal?.(error);
  };
  const address = await tcp.listen(clientPort, clientPortAddress, clientPortListenBacklog);
  view.clientPort = address.port;
  await network.listen();
  store.start();
  member.start();
  logger.info(`server ${serverId} of ${ensemble.servers.length} looks for a leader`);
  return {
    address,
    expireSession: (sessionId) => member.expireSession(sessionId),
    async close() {
      tcp.stopAccepting();
      member.stop();
      guests.stop();
      await network.close();
      await store.stop();
      await tcp.closed();
    },
  };
}

type NetworkParts = Omit<OpenedServer, 'tree'>;

/** Elections and quorum links of a member, over TCP. */
class Network implements MemberNetwork {
  readonly #parts: NetworkParts;
  readonly #mesh: ElectionMesh;
  readonly #dataBytesMax: number;
  #listener: QuorumListener<LearnerHandler> | null = null;
  #closing: Promise<void> = Promise.resolve();

  constructor(parts: NetworkParts, member: () => Member) {
    const { config } = parts;
    const { ensemble, serverId } = config;
    this.#parts = parts;
    const { juteMaxBufferBytes } = config;
    this.#dataBytesMax = juteMaxBufferBytes + Math.max(PACKET_EXTRA_BYTES_MIN, juteMaxBufferBytes);
    const own = ensemble.servers.find(({ id }) => id === serverId);
    if (own === undefined) throw new Error(`server.${serverId} is not in the configuration`);
    this.#mesh = new ElectionMesh(
      {
        serverId,
        addresses: own.addresses.map(({ host, electionPort }) => ({ host, port: electionPort })),
        peers: electionPeersOf(serverId, ensemble),
        listenOnAllIPs: ensemble.quorumListenOnAllIPs,
        bindRetry: ensemble.electionPortBindRetry,
        cnxTimeoutMs: ensemble.electionCnxTimeoutMs,
      },
      {
        message: (from, bytes) => member().voteReceived(from, bytes),
        connected: (peer) => member().peerConnected(peer),
        gone: (peer) => member().peerGone(peer),
      },
      parts,
    );
  }

  async listen(): Promise<void> {
    await this.#mesh.listen();
  }

  async close(): Promise<void> {
    this.closeQuorumPort();
    await Promise.all([this.#mesh.close(), this.#closing]);
  }

  sendVote(to: ServerId, message: Buffer, asks?: boolean): void {
    this.#mesh.send(to, message, asks);
  }

  openQuorumPort(leading: Leading): void {
    const { ensemble, serverId } = this.#parts.config;
    const { leader } = leading;
    const { clock } = this.#parts;
    const listener = new QuorumListener<LearnerHandler>(
      {
        serverId,
        addresses: quorumAddressesOf(serverId, ensemble),
        listenOnAllIPs: ensemble.quorumListenOnAllIPs,
        bindRetry: ensemble.electionPortBindRetry,
        dataBytesMax: this.#dataBytesMax,
      },
      {
        connected: (link) => leader.connected(link, clock.monotonicMs()),
        packet: (handler, packet) => leading.packet(handler, packet),
        disconnected: (handler) => leader.disconnected(handler),
      },
      this.#parts,
    );
    this.#listener = listener;
    listener.listen().catch((error: Error) => {
      if (this.#listener === listener) leading.fail(error.message);
    });
  }

  closeQuorumPort(): void {
    const listener = this.#listener;
    this.#listener = null;
    if (listener !== null) this.#closing = listener.close();
  }

  connect(leader: ServerId, learning: Learning): LeaderChannel {
    const { ensemble, tickTimeMs } = this.#parts.config;
    const limitTicks = ensemble.connectToLearnerMasterLimitTicks || ensemble.initLimitTicks;
    return connectToLeader(
      quorumAddressesOf(leader, ensemble),
      {
        connectLimitMs: limitTicks * tickTimeMs,
        refusedLimitMs: REFUSED_LIMIT_MS,
        dataBytesMax: this.#dataBytesMax,
      },
      {
        connected: () => learning.connected(),
        packet: (packet) => learning.packet(packet),
        disconnected: (reason) => learning.disconnected(reason),
      },
      this.#parts,
    );
  }
}
