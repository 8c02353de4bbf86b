import { setTimeout as sleep } from 'node:timers/promises';
import { fourLetterWord, isServing } from '../kit/four-letter.ts';
import { eventually } from '../kit/processes.ts';
import type { Rng } from '../kit/seed.ts';
import type { Cluster, ClusterServer, Condition } from './cluster.ts';

/** How long an ensemble that is left alone may take until every member serves. */
const CALM_LIMIT_MS = 120_000;

export type Fault = 'kill' | 'pause' | 'disconnect';

export interface NemesisOptions {
  /** How often each comes, compared with the others. */
  readonly weights?: Readonly<Record<Fault, number>>;
  /** How many servers it harms at a time at most. Default all of them. */
  readonly harmedMax?: number;
}

const WEIGHTS: Readonly<Record<Fault, number>> = { kill: 4, pause: 3, disconnect: 4 };

/**
 * Does harm to servers, as a seed says: kills, pauses and disconnects them, the leader more often than others, as many at a time as it
 * likes, and lets them come back. What it did is in `story`.
 */
export class Nemesis {
  readonly story: string[] = [];
  readonly #cluster: Cluster;
  readonly #rng: Rng;
  readonly #weights: Readonly<Record<Fault, number>>;
  readonly #harmedMax: number;
  readonly #conditions = new Map<ClusterServer, Condition>();
  readonly #beginMs = performance.now();

  constructor(cluster: Cluster, rng: Rng, options: NemesisOptions = {}) {
    const { weights = WEIGHTS, harmedMax = cluster.servers.length } = options;
    this.#cluster = cluster;
    this.#rng = rng;
    this.#harmedMax = harmedMax;
    this.#weights = cluster.hasNetwork ? weights : { ...weights, disconnect: 0 };
    for (const server of cluster.servers) this.#conditions.set(server, 'up');
  }

  async run(durationMs: number): Promise<void> {
    const untilMs = performance.now() + durationMs;
    while (performance.now() < untilMs) {
      await sleep(this.#rng.between(100, 1500));
      await this.#step();
    }
  }

  /** Undoes everything and waits until every server serves. */
  async calm(): Promise<void> {
    for (const server of this.#cluster.servers) await this.#heal(server);
    await allServing(this.#cluster.servers);
    this.#tell('calm');
  }

  async #step(): Promise<void> {
    const { servers } = this.#cluster;
    const hurt = servers.filter((server) => this.#conditions.get(server) !== 'up');
    if (hurt.length >= this.#harmedMax) return this.#heal(this.#rng.pick(hurt));
    if (hurt.length > 0 && this.#rng.chance(hurt.length * 2 > servers.length ? 75 : 50)) {
      return this.#heal(this.#rng.pick(hurt));
    }
    const well = servers.filter((server) => !hurt.includes(server));
    if (well.length === 0) return;
    const aim = this.#rng.chance(40);
    const any = this.#rng.pick(well);
    const leader = aim ? await leaderOf(well) : null;
    const fault = this.#rng.weighted(this.#weights);
    await this.#hurt(leader ?? any, fault, leader !== null);
  }

  async #hurt(server: ClusterServer, fault: Fault, leads: boolean): Promise<void> {
    this.#tell(`${fault} ${server.id}${leads ? ' (the leader)' : ''}`);
    if (fault === 'kill') await server.kill();
    else if (fault === 'pause') await server.pause();
    else await server.disconnect();
    this.#conditions.set(server, fault === 'kill' ? 'down' : fault === 'pause' ? 'paused' : 'disconnected');
  }

  async #heal(server: ClusterServer): Promise<void> {
    const condition = this.#conditions.get(server)!;
    if (condition === 'up') return;
    if (condition === 'down') await server.restart();
    else if (condition === 'paused') await server.resume();
    else await server.reconnect();
    this.#conditions.set(server, 'up');
    this.#tell(`${server.id} back, was ${condition}`);
  }

  #tell(what: string): void {
    this.story.push(`${((performance.now() - this.#beginMs) / 1000).toFixed(2)} s: ${what}`);
  }
}

/** Waits until every server serves clients. */
export async function allServing(servers: readonly ClusterServer[]): Promise<void> {
  await eventually(
    'every server serves',
    async () => {
      const all = await Promise.all(servers.map(({ host, port }) => isServing(port, host)));
      return all.every((serves) => serves);
    },
    CALM_LIMIT_MS,
  );
}

/** Who of several servers says that it leads, if anybody does. */
export async function leaderOf(servers: readonly ClusterServer[]): Promise<ClusterServer | null> {
  const answers = await Promise.all(
    servers.map(({ host, port }) => fourLetterWord(port, 'srvr', host).catch(() => '')),
  );
  return servers[answers.findIndex((text) => /^Mode: leader$/m.test(text))] ?? null;
}
