import { setTimeout as sleep } from 'node:timers/promises';
import { decode } from '../../wire/codec.ts';
import { OPEN_ACL } from '../../wire/data.ts';
import { ErrorCode } from '../../wire/errors.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { GetDataReply } from '../../wire/replies.ts';
import { CreateRequest, PathRequest, SetDataRequest, WatchedPathRequest } from '../../wire/requests.ts';
import { SERVER_NAMES } from '../server.ts';
import { RawConnection } from './raw-connection.ts';
import type { BenchEnsemble, BenchMember } from './servers.ts';

const PATH = '/failover';
/** Between a write that was acknowledged and the next. */
const WRITE_PAUSE_MS = 2;
/** Between a server that did not serve and the next one. */
const RETRY_PAUSE_MS = 5;
/** As long as a client of some seconds' session timeout waits for one of three servers. */
const ANSWER_WITHIN_MS = 500;
/** Writes go on for so long before the kill. */
const CALM_MS = 500;
const RECOVERS_WITHIN_MS = 60_000;

/** One death of a leader, in milliseconds. */
export interface Failover {
  /** From the kill to the next acknowledged write. */
  readonly writesStoppedMs: number;
  /** From the start of the killed server's new process until it serves as a follower. */
  readonly restartMs: number;
}

/**
 * Kills the leader while a client of a follower writes, and starts it again once writes go on. Throws if a write that was
 * acknowledged is not there afterwards.
 */
export async function measureFailover(ensemble: BenchEnsemble): Promise<Failover> {
  const leader = await ensemble.leader();
  const writer = new Writer(ensemble, leader);
  try {
    const beginMs = performance.now();
    while (performance.now() - beginMs < CALM_MS) {
      await writer.write();
      await sleep(WRITE_PAUSE_MS);
    }
    // Nothing is under way: the next acknowledgement is of a write that was asked for after the kill.
    leader.child.process.kill('SIGKILL');
    const killedMs = performance.now();
    writer.forget(leader);
    const writesStoppedMs = (await writer.write()) - killedMs;
    await writer.assertKept();
    return { writesStoppedMs, restartMs: await ensemble.restart(leader) };
  } finally {
    writer.close();
  }
}

/** Sets one znode to 1, 2, 3, ..., on whatever server answers, the followers first. */
class Writer {
  readonly #ensemble: BenchEnsemble;
  #order: BenchMember[];
  #connection: RawConnection | null = null;
  #attempts = 0;
  #value = 0;

  constructor(ensemble: BenchEnsemble, leader: BenchMember) {
    this.#ensemble = ensemble;
    this.#order = [...ensemble.members.filter((member) => member !== leader), leader];
  }

  /** A server that is known to be dead is not tried. */
  forget(dead: BenchMember): void {
    this.#order = this.#order.filter((member) => member !== dead);
  }

  /** Writes the next value, again and again until it is acknowledged; returns when it was. */
  async write(): Promise<number> {
    this.#value++;
    const data = Buffer.from(String(this.#value));
    const deadlineMs = performance.now() + RECOVERS_WITHIN_MS;
    for (;;) {
      try {
        const connection = await this.#connected();
        const { err } = await connection.call(OpCode.setData, SetDataRequest, {
          path: PATH,
          data,
          version: -1,
        });
        if (err !== 0) throw new Error(`set: error ${err}`);
        return performance.now();
      } catch (error) {
        if (performance.now() > deadlineMs) throw error;
        this.close();
        await sleep(RETRY_PAUSE_MS);
      }
    }
  }

  async assertKept(): Promise<void> {
    const connection = await this.#connected();
    await connection.call(OpCode.sync, PathRequest, { path: PATH });
    const { err, body } = await connection.call(OpCode.getData, WatchedPathRequest, {
      path: PATH,
      watch: false,
    });
    const seen = err === 0 ? Number(Buffer.from(decode(GetDataReply, body).data ?? []).toString()) : 0;
    if (seen < this.#value) {
      const name = SERVER_NAMES[this.#ensemble.kind];
      throw new Error(`${name} lost a write: ${this.#value} was acknowledged, and ${seen} is there`);
    }
  }

  close(): void {
    this.#connection?.close();
    this.#connection = null;
  }

  async #connected(): Promise<RawConnection> {
    if (this.#connection !== null) return this.#connection;
    const member = this.#order[this.#attempts++ % this.#order.length]!;
    const connection = await RawConnection.open(member.port, ANSWER_WITHIN_MS);
    this.#connection = connection;
    const body = { path: PATH, data: Buffer.alloc(0), acl: [...OPEN_ACL], flags: 0 };
    const { err } = await connection.call(OpCode.create, CreateRequest, body);
    if (err !== 0 && err !== ErrorCode.NodeExists) throw new Error(`create: error ${err}`);
    return connection;
  }
}

/** How often a leader is killed in each of so many rounds, `kills` in all. */
export function killsPerRound(kills: number, rounds: number): number[] {
  return Array.from(
    { length: rounds },
    (_, round) => Math.floor(((round + 1) * kills) / rounds) - Math.floor((round * kills) / rounds),
  );
}
