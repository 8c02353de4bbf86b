import { describe, expect, test } from 'vitest';
import { measureHerd } from '../../../bench/herd/measure.ts';

const RELEASES = 5;

describe.each([10, 100])('%i contenders', (contenders) => {
  test('of a HerdLock are all woken by each release, and all ask again', async () => {
    const releases = await measureHerd('HerdLock', contenders, RELEASES);
    expect(releases.map(({ events }) => events)).toEqual(Array(RELEASES).fill(contenders - 1));
    // Who was woken tries to create the node; all but one look again; that one watches its node, and the release is three.
    const requests = contenders - 1 + (contenders - 2) + 1 + 3;
    expect(releases.map((release) => release.requests)).toEqual(Array(RELEASES).fill(requests));
  });

  test('of an InterProcessMutex: each release wakes one, who asks at most once', async () => {
    const releases = await measureHerd('InterProcessMutex', contenders, RELEASES);
    expect(releases.map(({ events }) => events)).toEqual(Array(RELEASES).fill(1));
    // The watch taken back, the delete, and the look at the line of the next one, who can spare it only if it was second from the start.
    expect(releases.map(({ requests }) => requests)).toEqual([2, ...Array(RELEASES - 1).fill(3)]);
  });
});
