import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { javaZooKeeper } from '../kit/java.ts';
import { Child } from '../kit/processes.ts';
import { testStranger } from '../kit/strangers.ts';

const CURATOR_JARS = ['recipes', 'framework', 'client', 'x-discovery'].map(
  (part) => `/usr/share/java/curator-${part}.jar`,
);
const zooKeeper = javaZooKeeper();
const source = fileURLToPath(new URL('./java/CuratorWork.java', import.meta.url));

testStranger({
  name: 'Curator',
  missing:
    zooKeeper !== null && CURATOR_JARS.every(existsSync)
      ? null
      : ' is not installed: apt-get install libcurator-recipes-java libcurator-discovery-java zookeeper',
  checks: [
    'operations',
    'transactions',
    'mutex',
    'readWriteLock',
    'semaphore',
    'leaderLatch',
    'leaderSelector',
    'persistentNode',
    'persistentTtlNode',
    'cache',
    'barriers',
    'queues',
    'counters',
    'groupMember',
    'discovery',
    'expiry',
  ],
  run: (hosts) =>
    new Child('java', [
      '-Xmx512m',
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=off',
      '-cp',
      [...CURATOR_JARS, zooKeeper].join(':'),
      source,
      hosts,
    ]),
});
