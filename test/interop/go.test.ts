import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, which } from '../kit/processes.ts';
import { testStranger } from '../kit/strangers.ts';

const GOPATH = '/usr/share/gocode';
const source = fileURLToPath(new URL('./go/work.go', import.meta.url));
const isThere = which('go') !== null && existsSync(join(GOPATH, 'src/github.com/samuel/go-zookeeper'));

testStranger({
  name: 'go-zookeeper',
  missing: isThere
    ? null
    : ' is not installed: apt-get install golang-go golang-github-samuel-go-zookeeper-dev',
  checks: [
    'operations',
    'ephemerals',
    'watches',
    'transactions',
    'permissions',
    'locks',
    'reconnects',
    'fourLetterWords',
  ],
  run: (hosts) =>
    new Child('go', ['run', source, hosts], {
      env: { ...process.env, GO111MODULE: 'off', GOPATH, GOCACHE: join(tmpdir(), 'zookit-go-cache') },
    }),
});
