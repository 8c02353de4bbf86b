import { ByteWriter } from '../../wire/bytes.ts';
import { WireFault } from '../../wire/fault.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { type LoggedTxn, writeLoggedTxn } from '../../wire/txn.ts';
import type { AuthProviders } from '../auth/providers.ts';
import type { ServerConfig } from '../config.ts';
import type { Clock } from '../ports.ts';
import { ENTRY_BYTES_MAX } from '../storage/log-format.ts';
import type { DataTree } from '../tree/tree.ts';
import type { Proposal } from '../zab/leader-broadcast.ts';
import type { OutstandingChanges } from './outstanding.ts';
import { Preparer } from './prepare.ts';
import type { Request } from './request.ts';

/** Buffer that encoded transactions share. */
const ENCODER_BYTES = 64 * 1024;

interface ProposerParts {
  readonly config: ServerConfig;
  readonly tree: DataTree;
  readonly auth: AuthProviders;
  readonly clock: Clock;
}

/** Makes a proposal of a request: prepared against what is outstanding, and encoded as the log and the followers will have it. */
export class Proposer {
  readonly #outstanding: OutstandingChanges;
  readonly #preparer: Preparer;
  readonly #clock: Clock;
  readonly #encoder = new ByteWriter(ENCODER_BYTES);
  /**
   * Longest transaction: what ZooKeeper reads back from a log with the same `jute.maxbuffer`. It can be longer than its request,
   * as ACLs name every identity of the client.
   */
  readonly #txnBytesMax: number;
  /** The wall clock as of the turn that began at `#turnMs`: asking for it takes as long as a tenth of a write. */
  #wallMs = 0;
  #turnMs = -1;

  constructor({ config, tree, auth, clock }: ProposerParts, outstanding: OutstandingChanges) {
    this.#outstanding = outstanding;
    this.#clock = clock;
    this.#preparer = new Preparer(tree, outstanding, auth, config);
    this.#txnBytesMax = Math.min(2 * config.juteMaxBufferBytes, ENTRY_BYTES_MAX);
  }

  /** Throws `WireFault` for a request that cannot be read or recorded; nothing is outstanding of it then. */
  proposalOf<R extends Request<unknown>>(request: R, zxid: number): Proposal<R> {
    if (request.receivedMs !== this.#turnMs) {
      this.#turnMs = request.receivedMs;
      this.#wallMs = this.#clock.wallMs();
    }
    this.#outstanding.begin();
    const logged = this.#preparer.prepare(request, zxid, this.#wallMs);
    try {
      return { zxid, logged, bytes: this.#encode(logged), request };
    } catch (fault) {
      this.#outstanding.undo();
      throw fault;
    }
  }

  /** Transactions are encoded one behind the other in a buffer that they share until it is full: one allocation for many. */
  #encode(logged: LoggedTxn): Buffer {
    const encoder = this.#encoder;
    if (encoder.pos * 2 > encoder.bytes.length) encoder.renew(ENCODER_BYTES);
    const start = encoder.pos;
    writeLoggedTxn(encoder, logged);
    if (encoder.pos - start > this.#txnBytesMax && logged.header.type !== OpCode.closeSession) {
      throw new WireFault('unreasonable-length', `a transaction of ${encoder.pos - start} bytes`);
    }
    return encoder.bytes.subarray(start, encoder.pos);
  }
}
