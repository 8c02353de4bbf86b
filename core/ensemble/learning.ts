import { encode } from '../../wire/codec.ts';
import { type QuorumPacket, QuorumPacketType, RevalidateRequest } from '../../wire/quorum.ts';
import type { InlineReader } from '../../wire/quorum-reader.ts';
import { LearnerPath } from '../pipeline/learner-path.ts';
import { Service } from '../service.ts';
import { TouchTable } from '../session/touch-table.ts';
import { SnapshotStreamReader } from '../storage/snapshot-stream.ts';
import { beginHistoryAt, truncateLogs } from '../storage/truncate.ts';
import { Timers } from '../timers.ts';
import { TreeRestorer } from '../tree/restore.ts';
import { TreeSnapshot } from '../tree/snapshot-view.ts';
import { Learner } from '../zab/learner.ts';
import type { LearnerEffects, LearnerKind, Received } from '../zab/learner-types.ts';
import { apply, applyUncommitted, type Role, type RoleEvents, type RoleParts } from './role.ts';

/** The learner's end of the connection to its leader. */
export interface LeaderChannel {
  send(packet: QuorumPacket): void;
  close(): void;
}

/** A follower or an observer: the protocol with its leader, and its own clients. */
export class Learning implements Role {
  readonly #learner: Learner;
  readonly #kind: LearnerKind;
  readonly #parts: RoleParts;
  readonly #events: RoleEvents;
  readonly #timers: Timers;
  readonly #channel: LeaderChannel;
  #service: Service<LearnerPath> | null = null;
  #touchTable: TouchTable | null = null;
  /** The tree is the leader's, and not on disk: should the role end now, it is worth nothing. */
  #isUnsaved = false;
  #heardMs: number;
  /** When the leader named its epoch. */
  #syncBeganMs = 0;

  /** `connect` is called once, when all is ready for what comes of it. */
  constructor(
    kind: LearnerKind,
    parts: RoleParts,
    connect: (learning: Learning) => LeaderChannel,
    events: RoleEvents,
  ) {
    this.#kind = kind;
    this.#parts = parts;
    this.#events = events;
    this.#timers = new Timers(parts.scheduler);
    this.#heardMs = parts.clock.monotonicMs();
    const { config, epochs, store } = parts;
    const lastZxid = store.tree.lastProcessedZxid;
    const { needsSnapshot } = parts.recovery;
    const { serverId } = config;
    const learnerParts = {
      kind,
      serverId,
      epochs,
      lastZxid,
      configVersion: parts.configuration.version,
      needsSnapshot,
    };
    this.#learner = new Learner(learnerParts, this.#effects());
    this.#channel = connect(this);
  }

  get service(): Service<LearnerPath> | null {
    return this.#service;
  }

  // -- The connection to the leader ------------------------------------------------------------------------------------------

  connected(): void {
    const { config, clock } = this.#parts;
    this.#heardMs = clock.monotonicMs();
    this.#timers.every(config.tickTimeMs / 2, () => this.#tick());
    this.#learner.begin();
  }

  packet(packet: QuorumPacket): InlineReader | null {
    this.#heardMs = this.#parts.clock.monotonicMs();
    this.#count(packet);
    let inline: InlineReader | null = null;
    const take = (): void => {
      inline = this.#learner.packet(packet);
    };
    if (this.#service === null) take();
    else this.#service.gather(take);
    return inline;
  }

  /** Transactions count from the moment at which this server is up to date. */
  #count({ type }: QuorumPacket): void {
    const { ensemble } = this.#parts.stats;
    if (type === QuorumPacketType.LEADERINFO) this.#syncBeganMs = this.#heardMs;
    if (this.#service === null) return;
    if (type === QuorumPacketType.PROPOSAL) ensemble.proposalsReceived++;
    else if (type === QuorumPacketType.COMMIT || type === QuorumPacketType.INFORM) ensemble.commitsReceived++;
  }

  disconnected(reason: string): void {
    this.#learner.lost(reason);
  }

  durable(zxid: number): void {
    this.#learner.durable(zxid);
  }

  /** A leader is silent for too long: initLimit while it brings this server up to date, then syncLimit. */
  #tick(): void {
    const { config, clock } = this.#parts;
    const { initLimitTicks, syncLimitTicks } = config.ensemble;
    const limitMs = (this.#service === null ? initLimitTicks : syncLimitTicks) * config.tickTimeMs;
    const silentMs = clock.monotonicMs() - this.#heardMs;
    if (silentMs > limitMs) this.#learner.lost(`the leader has been silent for ${Math.round(silentMs)} ms`);
    else this.#service?.turn(() => this.#service?.clients.closeSessionless(clock.monotonicMs()));
  }

  stop(reason: string): void {
    this.#timers.stop();
    this.#service?.stop(reason);
    this.#channel.close();
    const { store, committedLog, restore } = this.#parts;
    if (this.#isUnsaved) {
      this.#parts.snapshots.abort();
      store.rewrite(restore);
      committedLog.clear(store.tree.lastProcessedZxid);
      return;
    }
    applyUncommitted(this.#parts, this.#learner.proposed);
  }

  // -- What the protocol asks ------------------------------------------------------------------------------------------------

  #effects(): LearnerEffects {
    const { store } = this.#parts;
    return {
      send: (packet) => this.#channel.send(packet),
      fail: (reason) => this.#events.failed(this, reason),
      log: ({ zxid, bytes }) => store.append(zxid, bytes),
      commit: (received) => this.#commit(received),
      truncate: (zxid) => this.#truncate(zxid),
      receiveSnapshot: (zxid) => this.#receiveSnapshot(zxid),
      persistSnapshot: (done) => this.#persistSnapshot(done),
      serve: () => this.#serve(),
      takeTouched: () => this.#touchTable?.takeTouched() ?? [],
      revalidated: (sessionId, valid) => this.#service?.clients.revalidated(sessionId, valid),
      synced: () => this.#service?.path.synced(),
    };
  }

  #commit(received: Received): void {
    if (this.#service === null) {
      apply(this.#parts, [received]);
      return;
    }
    this.#parts.committedLog.add(received.zxid, received.bytes);
    this.#service.path.commit(received.logged);
  }

  #truncate(zxid: number): boolean {
    const { store, files, directories, restore, committedLog, recovery } = this.#parts;
    let isCut = false;
    store.rewrite(() => {
      isCut = truncateLogs(files, directories, zxid);
      return isCut ? restore() : store.tree;
    });
    if (isCut) committedLog.clear(store.tree.lastProcessedZxid);
    else recovery.needsSnapshot = true;
    return isCut;
  }

  #receiveSnapshot(zxid: number): InlineReader {
    const { treeOptions, logger, store, committedLog, clock } = this.#parts;
    this.#isUnsaved = true;
    const restorer = new TreeRestorer(treeOptions, logger);
    const reader = new SnapshotStreamReader(restorer, zxid);
    return {
      push: (bytes, start, end) => {
        this.#heardMs = clock.monotonicMs();
        const at = reader.push(bytes, start, end);
        if (at === -1) return -1;
        store.replaceTree(restorer.finish());
        committedLog.clear(zxid);
        return at;
      },
    };
  }

  #persistSnapshot(done: () => void): void {
    const { store, snapshots, files, directories } = this.#parts;
    const { tree } = store;
    const { lastProcessedZxid } = tree;
    snapshots.write(new TreeSnapshot(tree), (error) => {
      if (this.#timers.isStopped) return;
      if (error !== null) {
        this.#learner.lost(`the leader's snapshot cannot be saved: ${error.message}`);
        return;
      }
      store.rewrite(() => {
        beginHistoryAt(files, directories, lastProcessedZxid);
        return tree;
      });
      this.#isUnsaved = false;
      this.#parts.recovery.needsSnapshot = false;
      done();
    });
  }

  #revalidate(sessionId: bigint, timeoutMs: number): void {
    const data = encode(RevalidateRequest, { sessionId, timeout: timeoutMs });
    this.#channel.send({ type: QuorumPacketType.REVALIDATE, zxid: -1, data, authinfo: null });
  }

  #serve(): void {
    const { store } = this.#parts;
    const { tree } = store;
    const tracker = new TouchTable(this.#parts.config.tickTimeMs, this.#parts.clock.monotonicMs());
    this.#service = new Service(
      { ...this.#parts, tree },
      (committed) =>
        new LearnerPath(
          tree,
          committed,
          () => store.lastLogged,
          (packet) => this.#channel.send(packet),
        ),
      { tracker, revalidate: (sessionId, timeoutMs) => this.#revalidate(sessionId, timeoutMs) },
    );
    const { ensemble } = this.#parts.stats;
    const syncMs = this.#kind === 'follower' ? ensemble.followerSyncMs : ensemble.observerSyncMs;
    syncMs.add(this.#parts.clock.monotonicMs() - this.#syncBeganMs);
    // What was known from before is no sign of life.
    tracker.takeTouched();
    this.#touchTable = tracker;
    this.#events.established(this.#learner.epoch!);
    this.#events.serving();
  }
}
