import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, which } from '../kit/processes.ts';
import { testStranger } from '../kit/strangers.ts';

const source = fileURLToPath(new URL('./c/work.c', import.meta.url));
const isThere = which('gcc') !== null && existsSync('/usr/include/zookeeper/zookeeper.h');

testStranger({
  name: 'the C client',
  missing: isThere ? null : ' is not installed: apt-get install gcc libzookeeper-mt-dev',
  checks: ['operations', 'watches', 'transactions', 'permissions', 'ephemerals'],
  async run(hosts) {
    const program = join(tmpdir(), `zookit-c-client-${process.pid}`);
    process.once('exit', () => rmSync(program, { force: true }));
    await using compiler = new Child('gcc', [
      '-DTHREADED',
      '-o',
      program,
      source,
      '-lzookeeper_mt',
      '-lpthread',
    ]);
    await compiler.success();
    return new Child(program, [hosts]);
  },
});
