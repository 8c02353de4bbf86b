/**
 * A service that registers and is found. Start it as often as you like; callers take turns, and pass over instances that fail.
 *
 *     node dist/examples/service.js 127.0.0.1:2181 serve
 *     node dist/examples/service.js 127.0.0.1:2181 call 6
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, roundRobin, ServiceDiscovery } from 'zookit';

interface Meta {
  readonly startedBy: number;
}

const [connectString = '127.0.0.1:2181', command, times = '1'] = process.argv.slice(2);
await using client = await connect(connectString);
await using discovery = new ServiceDiscovery<Meta>(client, '/examples/services');

if (command === 'call') {
  const greeter = discovery.provider('greeter', { strategy: roundRobin(), downAfterErrors: 1 });
  for (let i = 0; i < Number(times); i++) {
    const answer = await greeter.call(async (instance, signal) => {
      const response = await fetch(`http://${instance.address}:${instance.port}/`, { signal });
      return response.text();
    });
    console.log(answer);
  }
} else {
  const server = createServer((_, response) => response.end(`hello from process ${process.pid}`));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await using _registration = await discovery.register({
    name: 'greeter',
    address: '127.0.0.1',
    port,
    payload: { startedBy: process.ppid },
  });
  console.log(`process ${process.pid} serves at port ${port}`);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  // Nobody is sent here any more once the registration is gone; what is under way is finished.
  server.close();
}
