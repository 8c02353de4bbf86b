import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { zooCfgOf } from '../../cli/container/environment.ts';
import { prepareContainer } from '../../cli/container/prepare.ts';
import { parseZooCfg } from '../../core/zoo-cfg.ts';
import { tempDirectory } from '../kit/temp.ts';

const places = { dataDir: '/data', dataLogDir: '/datalog' };
const parse = (text: string) =>
  parseZooCfg(text, 'zoo.cfg', (path) => (path === '/data/myid' ? '2\n' : null));

test('without variables: a server alone at the usual port', () => {
  const { config, warnings } = parse(zooCfgOf({}, places));
  expect(config).toMatchObject({
    clientPort: 2181,
    tickTimeMs: 2000,
    maxClientCnxns: 60,
    dataLogDir: '/datalog',
  });
  expect(config.ensemble.servers).toEqual([]);
  expect(warnings).toEqual([]);
});

test('an ensemble in one variable, and lines of any kind in another', () => {
  const { config, warnings } = parse(
    zooCfgOf(
      {
        ZOO_SERVERS:
          'server.1=zoo1:2888:3888;2181 server.2=zoo2:2888:3888;2181  server.3=zoo3:2888:3888;2181',
        ZOO_TICK_TIME: '500',
        ZOO_4LW_COMMANDS_WHITELIST: 'srvr, ruok',
        ZOO_CFG_EXTRA: 'snapCount=777 tickTime=250',
      },
      places,
    ),
  );
  expect(config).toMatchObject({ serverId: 2, clientPort: 2181, tickTimeMs: 250, snapCount: 777 });
  expect(config.ensemble.servers.map(({ id }) => id)).toEqual([1, 2, 3]);
  expect(config.fourLetterWordWhitelist).toEqual(['srvr', 'ruok']);
  expect(warnings).toEqual([]);
});

test('server lines without a client address leave the usual port', () => {
  const servers = 'server.1=zoo1:2888:3888 server.2=zoo2:2888:3888 server.3=zoo3:2888:3888';
  expect(parse(zooCfgOf({ ZOO_SERVERS: servers }, places)).config.clientPort).toBe(2181);
});

test('files that are there win over the environment', async () => {
  await using directory = await tempDirectory();
  const paths = { confDir: directory.path, dataDir: directory.path, dataLogDir: directory.path };
  const config = prepareContainer({ ZOO_MY_ID: '3', ZOO_TICK_TIME: '900' }, paths);
  expect(readFileSync(config, 'utf8')).toContain('tickTime=900');
  expect(readFileSync(directory.at('myid'), 'utf8')).toBe('3\n');

  writeFileSync(config, 'mine');
  writeFileSync(directory.at('myid'), '7\n');
  prepareContainer({ ZOO_MY_ID: '3' }, paths);
  expect(readFileSync(config, 'utf8')).toBe('mine');
  expect(readFileSync(directory.at('myid'), 'utf8')).toBe('7\n');
});
