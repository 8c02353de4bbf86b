import { randomUUID } from 'node:crypto';
import {
  type ContainerRuntimeClient,
  GenericContainer,
  getContainerRuntimeClient,
  Network,
  type StartedNetwork,
  type StartedTestContainer,
  Wait,
} from 'testcontainers';
import { freePort } from '../kit/processes.ts';
import type { Cluster, ClusterServer } from './cluster.ts';
import { nemesisConfigLines } from './processes.ts';

const CLIENT_PORT = 2181;
const LISTENING = /listening for clients/;

/** What a started container cannot do by itself. */
type Docker = ContainerRuntimeClient['container']['dockerode'];

class ServerContainer implements ClusterServer {
  readonly id: number;
  readonly port: number;
  readonly #docker: Docker;
  readonly #container: StartedTestContainer;
  readonly #network: StartedNetwork;

  constructor(
    id: number,
    port: number,
    docker: Docker,
    container: StartedTestContainer,
    net: StartedNetwork,
  ) {
    this.id = id;
    this.port = port;
    this.#docker = docker;
    this.#container = container;
    this.#network = net;
  }

  get host(): string {
    return this.#container.getHost();
  }

  get #control() {
    return this.#docker.getContainer(this.#container.getId());
  }

  async kill(): Promise<void> {
    await this.#control.kill({ signal: 'SIGKILL' });
    await this.#control.wait();
  }

  async restart(): Promise<void> {
    await this.#control.start();
  }

  // By signals, as the daemon's own `pause` gives up on a process that waits for the disk (cgroup v1).
  async pause(): Promise<void> {
    await this.#control.kill({ signal: 'SIGSTOP' });
  }

  async resume(): Promise<void> {
    await this.#control.kill({ signal: 'SIGCONT' });
  }

  async disconnect(): Promise<void> {
    const Container = this.#container.getId();
    await this.#docker.getNetwork(this.#network.getId()).disconnect({ Container, Force: true });
  }

  async reconnect(): Promise<void> {
    const Container = this.#container.getId();
    const EndpointConfig = { Aliases: [nameOf(this.id)] };
    await this.#docker.getNetwork(this.#network.getId()).connect({ Container, EndpointConfig });
  }

  async log(): Promise<string> {
    const options = { stdout: true, stderr: true, tail: 5_000, follow: false } as const;
    return textOf(await this.#control.logs(options));
  }

  async remove(): Promise<void> {
    await this.#container.stop({ timeout: 0, removeVolumes: true });
  }
}

/** The daemon sends output in blocks: a byte that says which stream, three of nothing, four with the length. */
function textOf(blocks: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= blocks.length; ) {
    const end = at + 8 + blocks.readUInt32BE(at + 4);
    parts.push(blocks.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(parts).toString('utf8');
}

function nameOf(id: number): string {
  return `zoo${id}`;
}

/** The containers' daemon, or why there is none. */
export async function dockerOrReason(): Promise<Docker | string> {
  try {
    return (await getContainerRuntimeClient()).container.dockerode;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * An ensemble of containers of `image`. They have two networks: one by which clients come, and one of their own for elections and the
 * quorum, from which each can be disconnected.
 */
export async function startContainers(docker: Docker, image: string, servers: number): Promise<Cluster> {
  const ids = Array.from({ length: servers }, (_, i) => i + 1);
  const owned: (() => Promise<unknown>)[] = [];
  const end = async (): Promise<void> => {
    for (const remove of owned.reverse()) await remove();
  };
  try {
    const clients = await new Network({ nextUuid: () => `zookit-clients-${randomUUID()}` }).start();
    owned.push(() => clients.stop());
    const quorum = await new Network({ nextUuid: () => `zookit-quorum-${randomUUID()}` }).start();
    owned.push(() => quorum.stop());
    const lines = ids.map((id) => `server.${id}=${nameOf(id)}:2888:3888;${CLIENT_PORT}`);
    const started = await Promise.all(
      ids.map(async (id) => {
        const port = await freePort();
        const container = await new GenericContainer(image)
          .withNetwork(clients)
          // The same port after every restart, as clients know it.
          .withExposedPorts({ container: CLIENT_PORT, host: port })
          .withEnvironment({
            ZOO_MY_ID: String(id),
            ZOO_SERVERS: lines.join(' '),
            // The addresses of a server change when it is disconnected, so it listens on all there are.
            ZOO_CFG_EXTRA: [...nemesisConfigLines, 'quorumListenOnAllIPs=true'].join(' '),
          })
          .withWaitStrategy(Wait.forLogMessage(LISTENING))
          .start();
        const server = new ServerContainer(id, port, docker, container, quorum);
        owned.push(() => server.remove());
        await server.reconnect();
        return server;
      }),
    );
    return { servers: started, hasNetwork: true, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}
