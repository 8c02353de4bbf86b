import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { connect, NoNodeError, type ZooKeeperClient } from '../../../client/index.ts';
import { Cuttable } from '../../kit/cuttable.ts';
import { untilState } from '../leader/waiting.ts';
import { expectNoWatches } from '../lock/helpers.ts';
import { barriers } from './barriers.ts';
import { counters } from './counters.ts';
import { fencing } from './fencing.ts';
import { leaders } from './leaders.ts';
import { locks } from './locks.ts';
import { nodes } from './nodes.ts';
import { queues } from './queues.ts';
import { services } from './services.ts';
import { Actor, type Fault, faults, keepsNodes, type Scene, type Stage, type Story } from './stage.ts';

export const stories: readonly Story[] = [
  ...locks,
  ...fencing,
  ...leaders,
  ...barriers,
  ...queues,
  ...counters,
  ...nodes,
  ...services,
];

/** Servers, and what can be done to them. */
export interface World extends AsyncDisposable {
  /** Where victims connect. A fault of a server is that of the one at which they are then. */
  readonly victims: string;
  readonly others: string;
  /** Whether a client is where the fault of a server is going to strike; everywhere if there is none. */
  isExposed?(client: ZooKeeperClient): boolean;
  /** Ends a session as if its client had been silent for too long; may cut its cable. */
  expire(victim: Victim): Promise<void>;
  /** Stops the server at which the victims are, for good. */
  stopServer?(): Promise<void>;
}

export interface Victim {
  readonly client: ZooKeeperClient;
  readonly cable: Cuttable;
}

/** One recipe on its way through one fault. */
class Run implements AsyncDisposable {
  readonly #stage: Stage;
  readonly #cable: Cuttable;
  readonly #scene: Promise<Scene>;
  readonly #sessionId: bigint;
  readonly #back: Promise<void>;

  private constructor(stage: Stage, cable: Cuttable, scene: Promise<Scene>) {
    this.#stage = stage;
    this.#cable = cable;
    this.#scene = scene;
    this.#sessionId = this.#client.sessionId;
    this.#back = untilState(this.#client, 'reconnected');
  }

  /** Resolves when the recipe is in use, or has failed to be; `judge` tells which. */
  static async begin({ recipe, begin }: Story, fault: Fault, world: World): Promise<Run> {
    const cable = new Cuttable();
    const options = { sessionTimeoutMs: 30_000, closeTimeoutMs: 500, backoff: { baseMs: 1, maxMs: 20 } };
    let victim: ZooKeeperClient;
    for (;;) {
      victim = await connect(world.victims, { ...options, ports: cable.ports });
      if (world.isExposed?.(victim) !== false) break;
      await victim.close();
    }
    const other = await connect(world.others, options);
    const path = `/${fault}/${recipe.replaceAll(/\W+/g, '-')}`;
    const stage = { victim: new Actor(victim), other: new Actor(other), path, fault };
    const scene = begin(stage);
    await scene.catch(() => {});
    return new Run(stage, cable, scene);
  }

  /** Lets the fault strike, waits until it is over, and judges what has become of the recipe. */
  async judge(world: World): Promise<void> {
    const { victim, other, fault } = this.#stage;
    const scene = await this.#scene;
    await this.#strike(scene, world);
    if (fault === 'death') {
      await scene.outlived();
      await other.leave();
      // Its handles end with the client.
      await this.#client.close();
      await victim.leave();
    } else {
      await scene.survives();
      await victim.leave();
      await other.leave();
      await this.#client.sync();
    }
    expectNoWatches(other.client);
    expectNoWatches(this.#client);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#client.close(), this.#stage.other.client.close()]);
  }

  get #client(): ZooKeeperClient {
    return this.#stage.victim.client;
  }

  async #strike(scene: Scene, world: World): Promise<void> {
    const { fault } = this.#stage;
    const victim = { client: this.#client, cable: this.#cable };
    if (fault === 'connection' || fault === 'death') this.#cable.cut();
    if (fault === 'session' || fault === 'death') await world.expire(victim);
    if (fault === 'node') await this.#deleteNodes(scene);
    await scene.meanwhile?.();
    if (fault === 'node' || fault === 'death') return;
    this.#cable.mend();
    await this.#back;
    expect(this.#client.sessionId === this.#sessionId).toBe(keepsNodes(fault));
  }

  async #deleteNodes({ nodes = () => this.#client.getEphemerals(this.#stage.path) }: Scene): Promise<void> {
    const paths = await nodes();
    expect(paths.length).toBeGreaterThan(0);
    for (const path of paths) {
      await this.#stage.other.client.deleteRecursive(path).catch((error: unknown) => {
        if (!(error instanceof NoNodeError)) throw error;
      });
    }
  }
}

/** Every recipe goes through every fault that the world knows. */
export function describeFailures(name: string, build: () => Promise<World>, known: readonly Fault[]): void {
  vi.setConfig({ maxConcurrency: stories.length });
  describe(`recipes on ${name}`, () => {
    let world: World;
    beforeAll(async () => {
      world = await build();
    });
    afterAll(async () => {
      await world?.[Symbol.asyncDispose]();
    });

    describe.each(known)('%s', (fault) => {
      const runs = new Map<Story, Run>();
      beforeAll(async () => {
        await Promise.all(
          stories.map(async (story) => {
            runs.set(story, await Run.begin(story, fault, world));
          }),
        );
        if (fault === 'server') await world.stopServer!();
      });
      afterAll(async () => {
        await Promise.all([...runs.values()].map((run) => run[Symbol.asyncDispose]()));
      });

      test.concurrent.each(stories)(`$recipe: ${faults[fault]}`, (story) => runs.get(story)!.judge(world));
    });
  });
}
