/** Instances that are registered, found and called; one that fails is passed over. */
import { connect, roundRobin, ServiceDiscovery } from 'zookit';

const [connectString = '127.0.0.1:2181'] = process.argv.slice(2);
await using client = await connect(connectString);
await using other = await connect(connectString);

await using services = new ServiceDiscovery(client, '/examples/services');
await services.register({ name: 'cart', id: 'cart-1', address: '10.0.0.1', port: 8080 });
await services.register({ name: 'cart', id: 'cart-2', address: '10.0.0.2', port: 8080 });

await using callers = new ServiceDiscovery(other, '/examples/services');
const cart = callers.provider('cart', { strategy: roundRobin(), downAfterErrors: 1 });
for (let i = 0; i < 3; i++) {
  const answer = await cart.call((instance) => {
    if (instance.id === 'cart-1') throw new Error('no answer');
    return instance.url('/items');
  });
  console.log(answer);
}
console.log(`used: ${(await cart.getAllInstances()).map(({ id }) => id)}`);

// Prints:
//   http://10.0.0.2:8080/items
//   http://10.0.0.2:8080/items
//   http://10.0.0.2:8080/items
//   used: cart-2
