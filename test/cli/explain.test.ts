import { expect, it } from 'vitest';
import { explainServerError } from '../../cli/explain.ts';
import { defaultConfig } from '../../core/config.ts';

const config = { ...defaultConfig, dataDir: '/d', dataLogDir: '/l', clientPort: 99 };

function system(code: string, rest: Partial<NodeJS.ErrnoException> = {}): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: something`), { code, ...rest });
}

it.each<[NodeJS.ErrnoException, string]>([
  [
    system('EADDRINUSE'),
    'port 99 on all addresses is in use: stop the other program, or set another clientPort',
  ],
  [system('EACCES', { syscall: 'listen' }), 'ports below 1024 need privileges; set a higher clientPort'],
  [system('EACCES', { path: '/d/version-2' }), '/d/version-2 is not permitted to this user'],
  [system('EROFS', { path: '/d' }), '/d is on a file system mounted read-only'],
  [system('ENOSPC'), 'no space is left for a file in /d: free some'],
  [system('UNKNOWN', { errno: -122, path: '/l/log.1' }), 'no space is left for /l/log.1: free some'],
  [system('EEXIST', { path: '/d' }), '/d is not a directory'],
  [system('EMFILE'), 'raise its limit (ulimit -n)'],
  [system('EIO', { path: '/l/log.1' }), 'the disk failed at /l/log.1'],
  [new Error('anything else'), 'anything else'],
])('%s', (error, text) => {
  expect(explainServerError(error, config)).toContain(text);
});

it('an address that the machine has not is named', () => {
  const there = { ...config, clientPortAddress: '10.9.8.7' };
  for (const code of ['EADDRNOTAVAIL', 'ENOTFOUND']) {
    expect(explainServerError(system(code), there)).toContain('clientPortAddress=10.9.8.7');
  }
});
