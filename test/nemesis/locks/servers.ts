import { setTimeout as sleep } from 'node:timers/promises';
import { TestServer } from '../../../testing/index.ts';
import type { Rng } from '../../kit/seed.ts';
import { tempDirectory } from '../../kit/temp.ts';
import { connectStringOf } from '../cluster.ts';
import { Nemesis } from '../faults.ts';
import { startProcesses } from '../processes.ts';

/** Servers that come to harm. */
export interface HarmedServers extends AsyncDisposable {
  readonly connectString: string;
  /** Of the contenders: in it, harm to them makes their sessions expire. */
  readonly sessionTimeoutMs: number;
  /** What was done to them. */
  readonly story: readonly string[];
  run(durationMs: number): Promise<void>;
  /** Resolves when all of them serve again. */
  calm(): Promise<void>;
}

/** One server in this process that stops and starts again. */
export async function restartedServer(rng: Rng): Promise<HarmedServers> {
  const server = await TestServer.start();
  const story: string[] = [];
  return {
    connectString: server.connectString,
    sessionTimeoutMs: 1_000,
    story,
    async run(durationMs) {
      const beginMs = performance.now();
      while (performance.now() - beginMs < durationMs) {
        // A restarted server gives every session its whole time again.
        await sleep(rng.between(1_500, 4_000));
        const pauseMs = rng.below(400);
        story.push(`${((performance.now() - beginMs) / 1000).toFixed(2)} s: away for ${pauseMs} ms`);
        await server.stop();
        await sleep(pauseMs);
        await server.restart();
      }
    },
    calm: async () => {},
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Three processes that are killed and stopped. */
export async function harmedProcesses(main: string, rng: Rng): Promise<HarmedServers> {
  const directory = await tempDirectory('zookit-locks-');
  // A follower that its leader does not hear is on its own for syncLimit ticks of 200 ms: a quarter of the session timeout.
  const configLines = ['syncLimit=5'];
  const cluster = await startProcesses({ main, directory: directory.path, servers: 3, configLines });
  const nemesis = new Nemesis(cluster, rng);
  await nemesis.calm();
  return {
    connectString: connectStringOf(cluster.servers),
    sessionTimeoutMs: 4_000,
    story: nemesis.story,
    run: (durationMs) => nemesis.run(durationMs),
    calm: () => nemesis.calm(),
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}
