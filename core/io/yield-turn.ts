import { performance } from 'node:perf_hooks';

/** How long work in the background rests between two chunks of about a millisecond while the server is busy. */
const REST_MS = 8;
/** From this part of the time on that the event loop has something to do, the server is busy. */
const BUSY_SHARE = 0.5;

/**
 * A way for work in the background, such as a snapshot, to let requests go first: the next chunk follows in the next turn of an
 * event loop that has time, and after a rest where it is busy. So it takes about a tenth of the time from requests.
 */
export function considerateYield(): (next: () => void) => void {
  let before = performance.eventLoopUtilization();
  return (next) => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (utilization < BUSY_SHARE) setImmediate(next);
    else setTimeout(next, REST_MS);
  };
}
