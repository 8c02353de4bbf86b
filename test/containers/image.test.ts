import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../client/index.ts';
import { eventually, freePort } from '../kit/processes.ts';
import { dockerOrReason } from '../nemesis/containers.ts';
import { buildImage, IMAGE } from './image.ts';

const docker = await dockerOrReason();
if (typeof docker === 'string') process.stdout.write(`test/containers skipped: ${docker}\n`);

const HEALTH = ['node', '/opt/zookit/dist/cli/container/health.js'];

describe.skipIf(typeof docker === 'string')('the image', () => {
  beforeAll(buildImage);

  async function start(
    environment: Record<string, string> = {},
  ): Promise<AsyncDisposable & StartedTestContainer> {
    const container = await new GenericContainer(IMAGE)
      .withExposedPorts({ container: 2181, host: await freePort() })
      .withEnvironment(environment)
      .withWaitStrategy(Wait.forLogMessage(/(serving|listening for) clients/))
      .start();
    const remove = () => container.stop({ timeout: 0 });
    return Object.assign(container, { [Symbol.asyncDispose]: async () => void (await remove()) });
  }

  const control = (container: StartedTestContainer) => {
    if (typeof docker === 'string') throw new Error(docker);
    return docker.getContainer(container.getId());
  };
  const at = (container: StartedTestContainer) => `${container.getHost()}:${container.getMappedPort(2181)}`;

  test('serves as a user that is not root, is healthy, and says so without a shell', async () => {
    await using container = await start();
    await using client = await connect(at(container));
    await client.create('/a', 'x');
    const { output, exitCode } = await container.exec(HEALTH);
    expect(output).toContain('Mode: standalone');
    expect(exitCode).toBe(0);
    const { output: user } = await container.exec(['node', '-p', 'process.getuid()']);
    expect(user.trim()).toBe('1000');
    await eventually(
      'the daemon finds it healthy',
      async () => {
        const { State } = await control(container).inspect();
        return State.Health?.Status === 'healthy';
      },
      120_000,
    );
  });

  test('ends with status 0 at SIGTERM, and has its data when it comes back', async () => {
    await using container = await start();
    {
      await using client = await connect(at(container));
      await client.create('/kept', 'x');
    }
    await control(container).stop({ t: 30 });
    expect((await control(container).inspect()).State.ExitCode).toBe(0);
    await control(container).start();
    await using client = await connect(at(container), { connectTimeoutMs: 60_000 });
    expect((await client.get('/kept')).data?.toString()).toBe('x');
  });

  test('a member without a quorum runs, and is not healthy', async () => {
    const servers = [1, 2, 3].map((id) => `server.${id}=zoo${id}:2888:3888;2181`).join(' ');
    const extra = 'quorumListenOnAllIPs=true';
    await using container = await start({ ZOO_MY_ID: '2', ZOO_SERVERS: servers, ZOO_CFG_EXTRA: extra });
    const { output, exitCode } = await container.exec(HEALTH);
    expect(output).toContain('not currently serving');
    expect(exitCode).toBe(1);
  });

  test('arguments are those of the command line', async () => {
    await using container = await start();
    const shell = [
      'node',
      '/opt/zookit/dist/cli/container/main.js',
      'shell',
      '-server',
      '127.0.0.1:2181',
      'ls',
      '/',
    ];
    expect((await container.exec(shell)).output).toContain('[zookeeper]');
  });
});
