import { execFileSync } from 'node:child_process';

/** The image that is tested: one that is there already (`ZOOKIT_IMAGE`), or one built from the working directory. */
export const IMAGE = process.env.ZOOKIT_IMAGE ?? 'zookit:test';

/** Builds the image unless one was given. No registry is needed: the base is made of the Node binary that runs this. */
export function buildImage(): void {
  if (process.env.ZOOKIT_IMAGE !== undefined) return;
  const base = 'zookit-base:local';
  execFileSync('docker/base-image', [base], { stdio: ['ignore', 'pipe', 'pipe'] });
  execFileSync('docker/build', [IMAGE], {
    env: { ...process.env, BASE: base },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
