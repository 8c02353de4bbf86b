import { javaProgramsMissing, startJava } from '../kit/java-programs.ts';
import { testStranger } from '../kit/strangers.ts';

const missing = javaProgramsMissing();

testStranger({
  name: 'Curator',
  missing: missing === null ? null : `: ${missing}`,
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
  run: (hosts) => startJava('CuratorWork', [hosts]),
});
