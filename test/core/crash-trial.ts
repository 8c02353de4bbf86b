import { expect } from 'vitest';
import type { ServerConfig } from '../../core/config.ts';
import { DataTree } from '../../core/tree/tree.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { readLoggedTxn } from '../../wire/txn.ts';
import { FakeClient } from '../kit/fake-client.ts';
import { drawRead, drawWrite } from '../kit/random-requests.ts';
import type { RawReply } from '../kit/raw-client.ts';
import type { Rng } from '../kit/seed.ts';
import { SimulatedFiles } from '../kit/simulated-files.ts';
import { SimulatedServer } from '../kit/simulated-server.ts';
import { aclUsage, stateOf } from '../kit/tree-state.ts';
import { VirtualTime } from '../kit/virtual-time.ts';

const isWrite = (type: number): boolean =>
  [1, 2, 5, 7, 13, 14, 15, 19, 21].includes(type) || type === OpCode.closeSession;

/**
 * A server that lives several lives on one simulated disk, with clients that send what they like. Beside it stands a tree that
 * never crashes, and that is fed with what the server logged.
 *
 * Checked after each death: every transaction that any client may have seen the effect of has come back, and the state is the
 * very one that the transactions up to the last recovered one make. While it lives: each answer to a write is that of the
 * transaction which the log has for it.
 */
export class CrashTrial {
  readonly counts = {
    lives: 0,
    lost: 0,
    kept: 0,
    snapshots: 0,
    failures: 0,
    resumed: 0,
    expired: 0,
    txns: 0,
  };
  readonly #rng: Rng;
  readonly #files: SimulatedFiles;
  readonly #time = new VirtualTime();
  readonly #config: Partial<ServerConfig>;
  readonly #reference: DataTree;
  /** Every transaction that was logged and not lost, by zxid - 1. */
  readonly #history: Buffer[] = [];
  /** Up to here clients have seen. */
  #seenZxid = 0;
  #server: SimulatedServer;
  #clients: FakeClient[] = [];
  /** Clients of earlier lives: their sessions may be resumed. */
  #orphans: FakeClient[] = [];
  #taken = 0;
  /** Types of the requests sent, by client and xid. */
  readonly #types = new Map<FakeClient, Map<number, number>>();

  constructor(rng: Rng) {
    this.#rng = rng;
    this.#files = new SimulatedFiles(rng.fork());
    this.#config = {
      snapCount: rng.pick([4, 20, 60]),
      preAllocSizeBytes: rng.pick([0, 4096, 65_536]),
      containerCheckIntervalMs: 5000,
    };
    this.#reference = new DataTree({ extendedTypes: true, digestEnabled: true, hashSeed: 1 });
    this.#server = this.#start();
  }

  run(lives: number): void {
    for (let life = 0; life < lives; life++) {
      this.counts.lives += 1;
      this.#live();
      this.#die();
      this.#server = this.#start();
      this.#check();
    }
    this.#outlive();
  }

  // -- Lives -----------------------------------------------------------------------------------------------------------------

  #start(faultPercent = 10): SimulatedServer {
    for (;;) {
      if (this.#rng.chance(faultPercent)) {
        const action = this.#rng.pick(['open', 'datasync', 'truncate', 'syncDirectory'] as const);
        this.#files.planFault({ action, code: 'EIO', after: this.#rng.below(5) });
      }
      try {
        const { rng, files, time, config } = {
          rng: this.#rng.fork(),
          files: this.#files,
          time: this.#time,
          config: this.#config,
        };
        const server = new SimulatedServer({ rng, files, time, config });
        this.#taken = 0;
        return server;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
        this.#files.crash();
        this.#time.forget();
      }
    }
  }

  #live(): void {
    const rng = this.#rng;
    if (rng.chance(15)) {
      const action = rng.pick(['open', 'write', 'datasync', 'rename', 'syncDirectory'] as const);
      this.#files.planFault({ action, code: rng.pick(['EIO', 'ENOSPC']), after: rng.below(12) });
    }
    for (let turn = rng.below(50); turn > 0; turn--) {
      this.#act();
      if (rng.chance(75)) this.#time.endTurn();
      for (let steps = rng.below(4); steps > 0; steps--) this.#files.step();
      if (rng.chance(10)) this.#time.advance(rng.below(4000));
      this.#observe();
    }
  }

  #act(): void {
    const rng = this.#rng;
    const kind = rng.weighted({ requests: 80, connect: 10, resume: 5, drop: 3, end: 2 });
    if (kind === 'connect' && this.#clients.length < 5) {
      this.#clients.push(new FakeClient(this.#server).handshake({ timeoutMs: rng.between(2000, 20_000) }));
    } else if (kind === 'resume') this.#resume();
    const open = this.#clients.filter((client) => !client.isClosed);
    if (open.length === 0) return;
    const client = rng.pick(open);
    if (kind === 'drop') {
      client.drop();
      this.#orphans.push(client);
    } else if (kind === 'end') {
      this.#send(client, client.frameOf(OpCode.closeSession, null));
    } else {
      const frames: Buffer[] = [];
      for (let i = rng.below(6); i >= 0; i--) {
        frames.push(rng.chance(75) ? drawWrite(rng, client) : drawRead(rng, client));
      }
      for (const frame of frames) this.#send(client, frame);
    }
  }

  #send(client: FakeClient, frame: Buffer): void {
    let types = this.#types.get(client);
    if (types === undefined) {
      types = new Map();
      this.#types.set(client, types);
    }
    types.set(frame.readInt32BE(4), frame.readInt32BE(8));
    client.sendRaw(frame);
  }

  #resume(): void {
    const earlier = this.#orphans.splice(this.#rng.below(this.#orphans.length), 1)[0];
    if (earlier === undefined || earlier.sessionId === 0n || this.#server.failures.length > 0) return;
    const client = new FakeClient(this.#server).resume(earlier, this.#rng.between(2000, 20_000));
    if (client.response === null) throw new Error('a client that saw only what is durable was turned away');
    if (client.sessionId === 0n) return;
    this.counts.resumed += 1;
    this.#clients.push(client);
  }

  /** What the server logged, and what clients were told. */
  #observe(): void {
    const { logged } = this.#server;
    for (; this.#taken < logged.length; this.#taken++) {
      this.#history.push(logged[this.#taken]!);
      const { zxid } = readLoggedTxn(logged[this.#taken]!).header;
      if (zxid !== this.#history.length)
        throw new Error(`${zxid} was logged as number ${this.#history.length}`);
    }
    for (const client of this.#clients) {
      for (const item of client.take()) {
        this.#seenZxid = Math.max(this.#seenZxid, item.zxid);
        if (item.kind === 'reply') this.#judge(client, item);
      }
    }
    if (this.#server.stats.digestMismatches > 0)
      throw new Error("the tree differs from a transaction's digest");
  }

  /** An answer to a write is that of its transaction. */
  #judge(client: FakeClient, reply: RawReply): void {
    const type = this.#types.get(client)?.get(reply.xid);
    if (type === undefined || !isWrite(type) || reply.err === ErrorCode.MarshallingError) return;
    const { header, txn } = readLoggedTxn(this.#history[reply.zxid - 1]!);
    const err = txn.type === OpCode.error ? txn.body.err : 0;
    if (header.clientId !== client.sessionId || header.cxid !== reply.xid || reply.err !== err) {
      throw new Error(`request ${reply.xid} got ${reply.err}, transaction ${reply.zxid} says ${err}`);
    }
  }

  // -- Deaths ----------------------------------------------------------------------------------------------------------------

  #die(): void {
    const rng = this.#rng;
    this.#observe();
    const server = this.#server;
    if (rng.chance(20) && server.failures.length === 0) {
      server.driver.stop().catch((error: Error) => expect(error.message).toMatch(/simulated/));
      this.#files.run();
      this.#observe();
      if (server.failures.length === 0) this.#seenZxid = this.#history.length;
    }
    expect(server.failures.length).toBeLessThanOrEqual(1);
    for (const failure of server.failures) expect(failure.message).toMatch(/simulated/);
    this.counts.failures += server.failures.length;
    this.counts.expired += server.stats.sessionsExpired;
    this.counts.snapshots += server.stats.snapshotMs.count;
    if (rng.chance(25)) this.#files.kill();
    else this.#files.crash();
    this.#time.forget();
    this.#orphans.push(...this.#clients);
    this.#orphans = this.#orphans.slice(-6);
    this.#clients = [];
    this.#types.clear();
    if (rng.chance(20)) this.#time.pause(rng.below(30_000));
  }

  #check(): void {
    const { tree, recovered, restoredMismatches } = this.#server;
    const { zxid } = recovered;
    expect(restoredMismatches).toBe(0);
    if (zxid < this.#seenZxid) throw new Error(`clients have seen ${this.#seenZxid}, ${zxid} came back`);
    if (zxid > this.#history.length)
      throw new Error(`${zxid} came back, ${this.#history.length} was the last`);
    this.counts.lost += this.#history.length - zxid;
    this.counts.kept += zxid - this.#seenZxid;
    this.#history.length = zxid;
    this.#seenZxid = zxid;
    while (this.#reference.lastProcessedZxid < zxid) {
      this.counts.txns += 1;
      this.#reference.apply(readLoggedTxn(this.#history[this.#reference.lastProcessedZxid]!));
    }
    expect(stateOf(tree)).toEqual(stateOf(this.#reference));
    expect(aclUsage(tree).listed).toBe(aclUsage(tree).used);
    for (const owner of tree.owners.ephemerals.keys()) expect(tree.sessions.has(owner)).toBe(true);
    expect(this.#server.driver.service.tracker.count).toBe(tree.sessions.size);
  }

  /** Without clients, every session ends in time, and its ephemeral nodes with it. */
  #outlive(): void {
    // Faults that were planned and did not come are forgotten with the life.
    this.#files.kill();
    this.#time.forget();
    this.#server = this.#start(0);
    this.#check();
    this.#server.advance(45_000);
    const { tree, failures } = this.#server;
    expect(failures).toEqual([]);
    expect([
      tree.sessions.size,
      tree.owners.ephemerals.size,
      this.#server.driver.service.tracker.count,
    ]).toEqual([0, 0, 0]);
    expect(this.#server.stats.digestMismatches).toBe(0);
    this.#time.forget();
  }
}
