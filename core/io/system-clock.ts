import { createHash, randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Clock, Random } from '../ports.ts';

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

export const systemRandom: Random = {
  below: (bound) => randomInt(bound),
};

export function sha1Base64(text: string): string {
  return createHash('sha1').update(text, 'utf8').digest('base64');
}
