import { mkdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { connect } from '../../../client/index.ts';
import { defaultConfig } from '../../../core/config.ts';
import { type RunningServer, startServer } from '../../../core/server.ts';
import { loopbackEnsemble } from '../../kit/election-member.ts';
import { fourLetterWord } from '../../kit/four-letter.ts';
import { tempDirectory } from '../../kit/temp.ts';

async function modeOf({ address }: RunningServer): Promise<string> {
  const text = await fourLetterWord(address.port, 'srvr');
  return /Mode: (\w+)/.exec(text)?.[1] ?? 'none';
}

const hostsOf = (servers: readonly RunningServer[]): string =>
  servers.map(({ address }) => `127.0.0.1:${address.port}`).join(',');

test('three servers on real sockets serve, and go on when one of them ends', async () => {
  await using directory = await tempDirectory();
  const ensemble = await loopbackEnsemble(3);
  const servers: RunningServer[] = [];
  for (const { id } of ensemble.servers) {
    const dataDir = directory.at(String(id));
    mkdirSync(dataDir);
    const config = {
      ...defaultConfig,
      dataDir,
      dataLogDir: dataDir,
      clientPort: 0,
      clientPortAddress: '127.0.0.1',
      tickTimeMs: 200,
      minSessionTimeoutMs: 400,
      fourLetterWordWhitelist: ['srvr'],
      serverId: id,
      ensemble: { ...ensemble, initLimitTicks: 50, syncLimitTicks: 50 },
    };
    servers.push(await startServer(config));
  }
  try {
    for (const server of servers) {
      await using client = await connect(hostsOf([server]), { sessionTimeoutMs: 8000 });
      await client.create(`/through-${server.address.port}`, 'kept');
    }
    const modes = await Promise.all(servers.map(modeOf));
    expect([...modes].sort()).toEqual(['follower', 'follower', 'leader']);
    const [leader] = servers.splice(modes.indexOf('leader'), 1);
    await leader!.close();
    await using client = await connect(hostsOf(servers), { sessionTimeoutMs: 8000 });
    await client.create('/after', '');
    expect((await client.children('/')).length).toBe(1 + 3 + 1);
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}, 60_000);
