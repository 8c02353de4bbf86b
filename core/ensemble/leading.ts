import { makeZxid } from '../../wire/ids.ts';
import type { QuorumPacket } from '../../wire/quorum.ts';
import { ProposalSizes } from '../admin/ensemble-stats.ts';
import { Housekeeping } from '../housekeeping.ts';
import { Connection } from '../pipeline/connection.ts';
import { ForwardedRequests } from '../pipeline/forwarded.ts';
import { LeaderPath } from '../pipeline/leader-path.ts';
import { Service } from '../service.ts';
import { listSnapshots } from '../storage/file-names.ts';
import { LogSource } from '../storage/log-source.ts';
import { SnapshotStreamWriter } from '../storage/snapshot-stream.ts';
import { Timers } from '../timers.ts';
import { TreeSnapshot } from '../tree/snapshot-view.ts';
import { Leader } from '../zab/leader.ts';
import type { Broadcast, LeaderEffects, SyncStart } from '../zab/leader-types.ts';
import type { LearnerHandler } from '../zab/learner-handler.ts';
import type { ServerId } from '../zab/quorum.ts';
import { planSync } from '../zab/sync-plan.ts';
import { applyUncommitted, type Role, type RoleEvents, type RoleParts } from './role.ts';

/** Log files are read while everybody waits, some of it several times: beyond this the tree is sent, whatever its size. */
const LOGGED_BYTES_MAX = 64 * 1024 * 1024;

/** A leader: the protocol with its learners, its own clients, and what only a leader does. */
export class Leading implements Role {
  /** Where learners' connections go. */
  readonly leader: Leader;
  readonly proposalSizes = new ProposalSizes();
  readonly #parts: RoleParts;
  readonly #events: RoleEvents;
  readonly #timers: Timers;
  /** Stands for each learner as the owner of the sessions that it serves. */
  readonly #learners = new Map<ServerId, object>();
  readonly #logs: LogSource;
  /** When the own log had nothing left to write, or last got on with it. */
  #durableMs: number;
  #service: Service<LeaderPath> | null = null;
  #forwarded: ForwardedRequests | null = null;
  #housekeeping: Housekeeping | null = null;

  constructor(parts: RoleParts, events: RoleEvents) {
    this.#parts = parts;
    this.#events = events;
    this.#timers = new Timers(parts.scheduler);
    const { config, quorum, epochs, store, clock, files, directories } = parts;
    this.#durableMs = clock.monotonicMs();
    // Not older than the one that the state was recovered from.
    const [newest] = listSnapshots(files, directories.snapshotDirectory);
    this.#logs = new LogSource(files, directories, newest?.zxid ?? 0);
    this.leader = new Leader(
      {
        serverId: config.serverId,
        quorum,
        epochs,
        lastZxid: store.tree.lastProcessedZxid,
        // Its version may become known while this server leads.
        get config() {
          return parts.configuration.text;
        },
        get configVersion() {
          return parts.configuration.version;
        },
        tickTimeMs: config.tickTimeMs,
        initLimitTicks: config.ensemble.initLimitTicks,
        syncLimitTicks: config.ensemble.syncLimitTicks,
      },
      this.#effects(),
      clock.monotonicMs(),
    );
  }

  get service(): Service<LeaderPath> | null {
    return this.#service;
  }

  /** Proposals that nobody has committed and no client of this server waits for: those of learners' clients, mostly. */
  get foreignProposalCount(): number {
    const proposals = this.#service?.path.broadcast.outstanding() ?? [];
    return proposals.filter(({ request }) => (request?.origin ?? null) === null).length;
  }

  begin(): void {
    this.#timers.every(this.#parts.config.tickTimeMs / 2, () => this.#tick());
    this.leader.begin();
  }

  /**
   * A quorum of followers commits without this server's disk. One that stands still for as long as a follower may be behind makes
   * way, as what waits for it has no other bound.
   */
  #tick(): void {
    const { clock, config, store } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (store.isDurable) this.#durableMs = nowMs;
    const { syncLimitTicks } = config.ensemble;
    if (nowMs - this.#durableMs <= syncLimitTicks * config.tickTimeMs) this.leader.tick(nowMs);
    else this.fail(`its disk has written nothing for ${Math.round(nowMs - this.#durableMs)} ms`);
  }

  /** One packet of a learner. What it commits answers clients of this server too. */
  packet(handler: LearnerHandler, packet: QuorumPacket): void {
    const take = (): void => this.leader.packet(handler, packet, this.#parts.clock.monotonicMs());
    if (this.#service === null) take();
    else this.#service.gather(take);
  }

  /** The role cannot go on, for a reason outside the protocol. */
  fail(reason: string): void {
    this.#events.failed(this, reason);
  }

  expireSession(sessionId: bigint): boolean {
    return this.#housekeeping?.expireSession(sessionId) ?? false;
  }

  durable(zxid: number): void {
    this.#durableMs = this.#parts.clock.monotonicMs();
    const service = this.#service;
    service?.gather(() => service.path.durable(zxid));
  }

  stop(reason: string): void {
    this.#timers.stop();
    this.#housekeeping?.stop();
    this.#service?.stop(reason);
    this.leader.close(reason);
    applyUncommitted(this.#parts, this.#service?.path.broadcast.outstanding() ?? []);
  }

  #effects(): LeaderEffects {
    const { clock, stats } = this.#parts;
    return {
      fail: (reason) => this.fail(reason),
      serve: (epoch) => this.#serve(epoch),
      syncStart: (learnerZxid, cutsSnapshots) => this.#syncStart(learnerZxid, cutsSnapshots),
      request: (from, request, { authinfo }) => {
        this.#forwarded?.submit(this.#learner(from), request, authinfo ?? [], clock.monotonicMs());
      },
      touch: (sessionId) => {
        const session = this.#service?.tracker.get(sessionId);
        if (session !== undefined) this.#service?.tracker.touch(session, clock.monotonicMs());
      },
      revalidate: (learner, sessionId, timeoutMs) => {
        stats.ensemble.revalidations++;
        return this.#revalidate(this.#learner(learner), sessionId, timeoutMs);
      },
    };
  }

  /** Where the session's client was connected here, that is over, and may never be seen otherwise. */
  #revalidate(learner: object, sessionId: bigint, timeoutMs: number): boolean {
    const service = this.#service;
    const earlier = service?.tracker.get(sessionId)?.owner;
    const isAlive =
      this.#forwarded?.revalidate(learner, sessionId, timeoutMs, this.#parts.clock.monotonicMs()) ?? false;
    if (isAlive && earlier instanceof Connection)
      service?.clients.close(earlier, 'its session moved to another server');
    return isAlive;
  }

  #learner(serverId: ServerId): object {
    let learner = this.#learners.get(serverId);
    if (learner === undefined) {
      learner = { serverId };
      this.#learners.set(serverId, learner);
    }
    return learner;
  }

  #serve(epoch: number): Broadcast {
    const { store, committedLog, config, quorum, stats } = this.#parts;
    const { tree } = store;
    tree.lastProcessedZxid = makeZxid(epoch, 0);
    const service: Service<LeaderPath> = new Service({ ...this.#parts, tree }, (committed) => {
      const parts = { ...this.#parts, tree, serverId: config.serverId, quorum };
      return new LeaderPath(parts, committed, {
        log: (proposal) => {
          stats.ensemble.proposals++;
          this.proposalSizes.add(proposal.bytes.length);
          store.append(proposal.zxid, proposal.bytes);
          this.leader.proposed(proposal, this.#parts.clock.monotonicMs());
        },
        commit: (proposal) => {
          stats.ensemble.commits++;
          if (proposal.request !== null) {
            stats.ensemble.quorumAckMs.add(service.processor.nowMs - proposal.request.receivedMs);
          }
          committedLog.add(proposal.zxid, proposal.bytes);
          this.leader.committed(proposal);
        },
      });
    });
    this.#service = service;
    this.#forwarded = new ForwardedRequests(service.tracker, service.path);
    this.#housekeeping = new Housekeeping({ ...this.#parts, tree, hasLearners: true }, service);
    this.#housekeeping.start();
    this.#events.established(epoch);
    this.#events.serving();
    return service.path.broadcast;
  }

  /** From memory where it is there, else from the log files where they are short; a learner that lags more gets the tree. */
  #syncStart(peerLastZxid: number, cutsSnapshots: boolean): SyncStart {
    const { store, committedLog, stats } = this.#parts;
    const { lastProcessedZxid } = store.tree;
    const logged = this.#mayReadLogs(peerLastZxid) ? this.#logs : null;
    const plan = planSync({
      peerLastZxid,
      committed: committedLog,
      lastProcessedZxid,
      logged,
      cutsSnapshots,
    });
    if (plan.kind === 'snap') stats.ensemble.snapshots++;
    else stats.ensemble.diffs++;
    switch (plan.kind) {
      case 'diff':
      case 'trunc-diff': {
        const { zxid, from, fromDisk } = plan;
        const { base } = committedLog;
        return {
          kind: plan.kind === 'diff' ? 'diff' : 'trunc',
          zxid,
          logged: fromDisk ? this.#logs.read(from, base) : undefined,
          transactions: committedLog.after(fromDisk ? base : from),
        };
      }
      case 'trunc':
        return { kind: 'trunc', zxid: plan.zxid, transactions: [] };
      case 'snap': {
        const chunks = new SnapshotStreamWriter(new TreeSnapshot(store.tree));
        return { kind: 'snap', zxid: lastProcessedZxid, transactions: [], chunks };
      }
    }
  }

  #mayReadLogs(peerLastZxid: number): boolean {
    const { committedLog, config } = this.#parts;
    if (peerLastZxid === 0 || peerLastZxid >= committedLog.base) return false;
    const { snapshotSizeFactor } = config.ensemble;
    return this.#logs.isCheaperThanSnapshot(peerLastZxid, snapshotSizeFactor, LOGGED_BYTES_MAX);
  }
}
