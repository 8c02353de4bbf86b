import { expect, test } from 'vitest';
import * as recipes from '../../../recipes/index.ts';
import { loopbackEnsemble } from '../../kit/election-member.ts';
import { LoopbackMembers } from '../../kit/loopback-members.ts';
import { until } from './stage.ts';
import { describeFailures, stories, type World } from './suite.ts';

/** An ensemble of three of which one, that does not lead, has the victims and goes at the end. */
async function ensemble(): Promise<World> {
  const members = await LoopbackMembers.start(await loopbackEnsemble(3), undefined, {
    extendedTypesEnabled: true,
    containerCheckIntervalMs: 50,
    maxClientCnxns: 0,
  });
  await members.serving();
  const leader = await members.leader();
  const exposed = members.ids.find((id) => id !== leader)!;
  const address = members.hosts(exposed);
  return {
    victims: members.hosts(...members.ids),
    others: members.hosts(...members.ids.filter((id) => id !== exposed)),
    isExposed: ({ server }) => server === address,
    // A leader that was elected a moment ago may not know of it yet.
    expire: ({ client: { sessionId } }) =>
      until('the session is ended', () => members.expireSession(sessionId)),
    stopServer: () => members.stopServer(exposed),
    [Symbol.asyncDispose]: () => members[Symbol.asyncDispose](),
  };
}

describeFailures('an ensemble of three', ensemble, ['connection', 'session', 'node', 'death', 'server']);

/** Classes that are no recipe of their own. */
const parts: Record<string, string> = {
  FencedWriter: 'FencedRedis',
  MultiLease: 'InterProcessMultiLock',
  ReadWriteSide: 'InterProcessReadWriteLock',
  ServiceCache: 'ServiceDiscovery',
  ServiceInstance: 'ServiceDiscovery',
  ServiceProvider: 'ServiceDiscovery',
  ServiceRegistration: 'ServiceDiscovery',
  UriSpec: 'ServiceDiscovery',
};

test('no recipe is left out', () => {
  const classes = Object.entries(recipes).filter(
    ([name, value]) =>
      /^[A-Z]/.test(name) && typeof value === 'function' && !(value.prototype instanceof Error),
  );
  const told = new Set(stories.map(({ recipe }) => recipe.replace(/,.*/, '')));
  expect(classes.map(([name]) => name).filter((name) => !told.has(parts[name] ?? name))).toEqual([]);
});
