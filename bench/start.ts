import { TestServer } from '../testing/index.ts';
import { type ServerKind, startServerProcess } from './server.ts';
import { firstSession } from './session.ts';
import { median } from './statistics.ts';
import type { Workspace } from './workspace.ts';

/** Milliseconds from the start to the first session. */
export interface StartTimes {
  /** Of a process on an empty directory, the median of some starts. */
  readonly process: Readonly<Partial<Record<ServerKind, number>>>;
  /** Of a TestServer in this process: the first, whose code is still to be compiled, and the median of those after it. */
  readonly testServerFirst: number;
  readonly testServer: number;
}

export async function measureStart(
  kinds: readonly ServerKind[],
  quick: boolean,
  workspace: Workspace,
): Promise<StartTimes> {
  const times: Partial<Record<ServerKind, number[]>> = {};
  for (let round = 0; round < (quick ? 1 : 5); round++) {
    for (const kind of kinds) {
      const directory = await workspace.directory();
      const server = await startServerProcess({ kind, directory });
      times[kind] = [...(times[kind] ?? []), server.startMs];
      await server.stop();
      await workspace.remove(directory);
    }
  }
  const testServers: number[] = [];
  for (let i = 0; i < (quick ? 3 : 21); i++) testServers.push(await startTestServer());
  const process: Partial<Record<ServerKind, number>> = {};
  for (const kind of kinds) process[kind] = median(times[kind] ?? []);
  return { process, testServerFirst: testServers[0]!, testServer: median(testServers.slice(1)) };
}

async function startTestServer(): Promise<number> {
  const startMs = performance.now();
  await using server = await TestServer.start();
  await firstSession(server.port, () => false);
  return performance.now() - startMs;
}
