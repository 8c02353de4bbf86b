import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Child } from '../kit/processes.ts';
import { testStranger } from '../kit/strangers.ts';

const PYTHON = '/usr/bin/python3';
const hasKazoo = spawnSync(PYTHON, ['-c', 'import kazoo']).status === 0;
const source = fileURLToPath(new URL('./python/work.py', import.meta.url));

testStranger({
  name: 'kazoo',
  missing: hasKazoo ? null : ' is not installed: apt-get install python3-kazoo',
  checks: [
    'operations',
    'ephemerals',
    'watches',
    'transactions',
    'permissions',
    'locks',
    'counter',
    'election',
    'queue_barrier_party',
    'partitions',
    'tree_cache',
    'reconnects',
    'expires',
    'chroot',
    'commands',
  ],
  run: (hosts) => new Child(PYTHON, [source, hosts]),
});
