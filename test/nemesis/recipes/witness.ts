import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { Fence } from './fence.ts';
import { Holdings, judgeHoldings } from './holdings.ts';
import { Items } from './items.ts';
import { type Answer, type Report, type Resource, resources } from './report.ts';

/**
 * Who sees what all workers do, from outside of them: the resource that they write to, which refuses older tokens than the newest,
 * and a memory of everything that they said, for judgement in the end.
 */
export class Witness implements AsyncDisposable {
  readonly holdings = new Holdings();
  readonly items = new Items();
  readonly fence = new Fence();
  /** How much was told of what; `mutex` are accepted writes, `mutex of 42` all attempts of process 42. */
  readonly counts = new Map<string, number>();
  /** Process that claimed a resource last. */
  readonly claimants = new Map<Resource, number>();
  readonly #permits: Readonly<Record<Resource, number>>;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(semaphorePermits: number) {
    this.#permits = { mutex: 1, semaphore: semaphorePermits, latch: 1, selector: 1 };
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(semaphorePermits: number): Promise<Witness> {
    const witness = new Witness(semaphorePermits);
    witness.#server.listen(0, '127.0.0.1');
    await once(witness.#server, 'listening');
    return witness;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  count(what: string): number {
    return this.counts.get(what) ?? 0;
  }

  /** A process was killed. */
  died(worker: number): void {
    this.items.deadWorkers.add(worker);
  }

  /** What is wrong with what leases said, of one resource or of all. */
  judgeHoldings(of: readonly Resource[] = resources): string[] {
    return of.flatMap((resource) => judgeHoldings(this.holdings.of(resource), this.#permits[resource]));
  }

  /** Everything that is wrong, when no item is left. */
  judge(): string[] {
    return [...this.fence.judge(), ...this.judgeHoldings(), ...this.items.judge()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    // Workers are killed.
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    const lines = createInterface({ input: socket });
    lines.on('error', () => {});
    let worker = 0;
    lines.on('line', (line) => {
      let report: Report;
      try {
        report = JSON.parse(line) as Report;
      } catch {
        // The last words of somebody who was killed.
        return;
      }
      if (report.type === 'hello') worker = report.worker;
      socket.write(`${this.#hear(report, worker)}\n`);
    });
  }

  #hear(report: Report, worker: number): Answer {
    const { items } = this;
    switch (report.type) {
      case 'hello':
        return 'ok';
      case 'claim': {
        const { resource, token } = report;
        this.holdings.claim(report, worker);
        this.claimants.set(resource, worker);
        this.#tally(`${resource} of ${worker}`);
        // Where several hold at once, an older token is no reason to refuse.
        const answer = this.#permits[resource] === 1 ? this.fence.write(resource, token) : 'ok';
        if (answer === 'ok') this.#tally(resource);
        return answer;
      }
      case 'let-go':
        this.holdings.letGo(report.holding, report.atMs);
        return 'ok';
      case 'putting':
      case 'put':
      case 'not-put':
        items.puts.set(report.item, report.type);
        this.#tally(report.type);
        return 'ok';
      case 'handling':
        items.begin(report, worker);
        return this.#writeItem(report.item, report.token);
      case 'sure':
        items.sure(report.handling, report.atMs);
        return 'ok';
      case 'handled': {
        const { item, token } = items.of(report.handling);
        const answer = this.#writeItem(item, token);
        if (answer === 'ok') items.handled(report.handling);
        return answer;
      }
      case 'handed-back':
        items.handBack(report.handling);
        return 'ok';
      case 'session-over':
        items.endedSessions.add(report.session);
        this.#tally('sessions over');
        return 'ok';
    }
  }

  #writeItem(item: string, token: number): Answer {
    const answer = this.fence.write(`item ${item}`, token);
    if (answer === 'ok') this.#tally('items');
    return answer;
  }

  #tally(what: string): void {
    this.counts.set(what, this.count(what) + 1);
  }
}
