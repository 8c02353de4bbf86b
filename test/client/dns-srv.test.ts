import dns from 'node:dns/promises';
import { afterEach, expect, test } from 'vitest';
import { connect, dnsSrvEnsemble } from '../../client/index.ts';
import { TestServer } from '../../testing/index.ts';
import { DnsServer } from '../kit/dns-server.ts';

const SERVICE = '_zookeeper._tcp.zookit.test';
const resolvers = dns.getServers();

afterEach(() => dns.setServers(resolvers));

const recordOf = ({ port }: TestServer) => ({ priority: 0, weight: 0, port, target: 'localhost' });

test('servers are found by SRV records, as soon as there are some', async () => {
  await using names = await DnsServer.start();
  await using server = await TestServer.start();
  dns.setServers([names.address]);
  const connecting = connect(dnsSrvEnsemble(SERVICE, { chroot: '/srv' }), { ensureChroot: true });
  while (names.asked.length === 0) await Promise.race([connecting, names.query()]);
  names.services.set(SERVICE, [recordOf(server)]);
  await using client = await connecting;
  expect([client.server, client.chroot]).toEqual([`localhost:${server.port}`, '/srv']);
  expect(new Set(names.asked)).toEqual(new Set([SERVICE]));
  expect(names.asked.length).toBeGreaterThan(1);
});

test('a service that has moved is looked up again', async () => {
  await using names = await DnsServer.start();
  await using first = await TestServer.start();
  await using second = await TestServer.start();
  dns.setServers([names.address]);
  names.services.set(SERVICE, [recordOf(first)]);
  await using client = await connect(dnsSrvEnsemble(SERVICE));
  expect(client.server).toBe(`localhost:${first.port}`);
  const moved = new Promise<void>((resolve) => {
    client.on('state', () => {
      if (client.connected && client.server === `localhost:${second.port}`) resolve();
    });
  });
  names.services.set(SERVICE, [recordOf(second)]);
  await first.stop();
  await moved;
  await client.create('/there', 'x');
});
